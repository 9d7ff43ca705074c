// Requests to Linux through functions that Swift cannot import (variadic functions, GNU extensions, bare system calls), and
// the commit that this binary was built from.
#ifndef LOCKSTEP_CPROCESS_H
#define LOCKSTEP_CPROCESS_H

#include <stddef.h>

// Asks the kernel to kill this process when the thread that spawned it ends. Returns 0, or errno.
int cprocess_die_with_parent(void);

// From now on SIGINT, SIGTERM and, unless it is ignored, SIGHUP are written to this descriptor as bytes with their numbers, whichever
// thread they reach. The descriptor must be non-blocking. Returns 0, or errno.
int cprocess_forward_stop_signals(int descriptor);

// Does the same for SIGTSTP (Control-Z). Returns 0, or errno.
int cprocess_forward_suspension(void);

// Blocks (or unblocks) these signals for the calling thread and the threads that it starts from now on.
void cprocess_hold_stop_signals(int hold);

// Makes a pipe, {reading, writing}, that no child inherits unless it is handed down. Returns 0, or errno.
int cprocess_pipe(int ends[2]);

// Makes a file in memory with these bytes. Nobody can change it any more, and no other user can read it; no child inherits it unless it is handed
// down. Returns its descriptor, or -errno.
int cprocess_sealed_memory(const char *name, const void *bytes, size_t count);

// Duplicates a socket that another process holds as `descriptor`, if it is still the one with this inode. Asks for the right to
// trace that process. The caller closes the copy. Returns 0, or errno (ESTALE: it is another socket by now).
int cprocess_borrow_socket(int pid, int descriptor, unsigned long long inode, int *copy);

// Loses every incoming packet of a connected socket that has more bytes than this, TCP's header counted: with 0 all of them.
// The other side sends them again until it gives up. Returns 0, or errno.
int cprocess_lose_incoming(int socket, unsigned int longer_than);

// Ends this loss. Returns 0, or errno.
int cprocess_lose_nothing(int socket);

// Limits how fast a socket sends from now on; UINT_MAX: no limit. Returns 0, or errno.
int cprocess_limit_rate(int socket, unsigned int bytes_per_second);

// Copies what has arrived at a socket and was not read yet, without taking it or waiting for more. Returns its length, or -1.
long cprocess_peek(int socket, void *buffer, unsigned long size);

// The commit this binary was built from, or "unknown" where the build had no checkout.
const char *cprocess_commit(void);

#endif
