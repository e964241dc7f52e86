"""What the tensor lab computes and draws: broadcasting, views of memory, what a dtype keeps."""
