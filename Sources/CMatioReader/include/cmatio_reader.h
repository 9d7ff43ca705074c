// libmatio in a process of its own. It reads MAT 7.3 through HDF5, and some damaged files make that trap or loop (one in some hundred of those
// that a fuzzer makes): here that is the end of a child, and a sentence. Nothing of either library runs in the program's own process.
//
// The child answers requests, one message each way, until its socket is closed; elements go through memory that both share.
#ifndef LOCKSTEP_CMATIO_READER_H
#define LOCKSTEP_CMATIO_READER_H

#include <stdint.h>

enum { CMATIO_RANK = 8, CMATIO_NAME = 64, CMATIO_WORDS = 240 };

// count 0 asks for what is said of the variable; else for the elements `first` ..< `first` + `count` along its last axis.
struct cmatio_request {
    char name[CMATIO_NAME];
    int64_t first, count;
};

enum cmatio_status { CMATIO_READ = 0, CMATIO_UNOPENED = 1, CMATIO_MISSING = 2, CMATIO_DAMAGED = 3 };

struct cmatio_answer {
    int32_t status, version, kind, rank, is_complex, is_packed;
    int64_t shape[CMATIO_RANK];
    // What the library said, or of a missing variable the names of those that are there.
    char words[CMATIO_WORDS];
};

// Starts the child that reads the file at `path` into `slab`, memory of `room` bytes that the two share. It may take `memory` bytes beside.
// Returns the process and its socket (of messages, not inherited by programs that are started later), or -errno.
int cmatio_start(const char *path, unsigned char *slab, uint64_t room, uint64_t memory, int *socket);

// Whether the child can still be asked. A request fits the socket, since there is one at a time; of a child that has ended there is no signal.
int cmatio_ask(int socket, const struct cmatio_request *request);

#endif
