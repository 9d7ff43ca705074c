// libmatio in a process of its own. It reads MAT 7.3 through HDF5, and some damaged files make HDF5 trap or loop (one in some hundred of
// those that a fuzzer makes). Here only a child ends, and an error is reported. Neither library runs in the program's own process.
//
// The child answers requests, one message each way, until its socket is closed; elements go through memory that both share.
#ifndef LOCKSTEP_CMATIO_READER_H
#define LOCKSTEP_CMATIO_READER_H

#include <stdint.h>

enum { CMATIO_RANK = 8, CMATIO_NAME = 64, CMATIO_WORDS = 240 };

// count 0 asks for the variable's description; else for the elements `first` ..< `first` + `count` along its last axis.
struct cmatio_request {
    char name[CMATIO_NAME];
    int64_t first, count;
};

enum cmatio_status { CMATIO_READ = 0, CMATIO_UNOPENED = 1, CMATIO_MISSING = 2, CMATIO_DAMAGED = 3 };

struct cmatio_answer {
    int32_t status, version, kind, rank, is_complex, is_packed;
    int64_t shape[CMATIO_RANK];
    // The library's message; for a missing variable the names of the existing ones.
    char words[CMATIO_WORDS];
};

// Starts the child that reads the file at `path` into `slab`, memory of `room` bytes that the two share. It may take `memory` bytes beside.
// Returns the process and its socket (of messages, not inherited by programs that are started later), or -errno.
int cmatio_start(const char *path, unsigned char *slab, uint64_t room, uint64_t memory, int *socket);

// Sends a request; returns whether the child can still be asked. A request fits into the socket, since there is one at a time. A child that
// has ended raises no SIGPIPE.
int cmatio_ask(int socket, const struct cmatio_request *request);

#endif
