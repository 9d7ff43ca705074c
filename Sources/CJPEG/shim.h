// jpeglib.h names FILE and size_t, and includes neither's header.
#include <stddef.h>
#include <stdio.h>
#include <jpeglib.h>
