// What a process must ask of Linux through functions that Swift cannot import (variadic ones, GNU's own, bare system calls), and
// the commit it was built from.
#ifndef LOCKSTEP_CPROCESS_H
#define LOCKSTEP_CPROCESS_H

#include <stddef.h>

// Asks the kernel to kill this process when the thread that spawned it ends. Returns 0, or errno.
int cprocess_die_with_parent(void);

// Gives the calling thread the lowest scheduling priority (nice 19). Returns 0, or errno.
int cprocess_lowest_thread_priority(void);

// Makes a pipe, {reading, writing}, that no child inherits unless it is handed down. Returns 0, or errno.
int cprocess_pipe(int ends[2]);

// Makes a file that exists in memory alone, holds these bytes and can be changed by nobody any more, nor read by another user; no child inherits it unless it is
// handed down. Returns its descriptor, or -errno.
int cprocess_sealed_memory(const char *name, const void *bytes, size_t count);

// Names the calling thread for `top`, `perf` and core files; 15 characters count.
void cprocess_name_thread(const char *name);

// Shuts down, for both sides, the connection that another process holds as `descriptor`, if it is still the socket with
// this inode. Asks for the right to trace that process. Returns 0, or errno (ESTALE: it is another socket by now).
int cprocess_cut_connection(int pid, int descriptor, unsigned long long inode);

// The commit this binary was built from, or "unknown" where the build had no checkout.
const char *cprocess_commit(void);

#endif
