"""One peer a module. Each imports its library at the top: only the process that runs it loads that module."""
