"""Loading at the machine's limit, for a plain DataLoader: threads, fused kernels, memory used again."""
