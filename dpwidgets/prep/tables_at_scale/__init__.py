"""A dirty table of any size, and a cleaning job with one result, whoever runs it and however it is cut."""
