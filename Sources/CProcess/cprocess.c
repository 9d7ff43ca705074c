#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

// `make build` writes this header from `git rev-parse`; it is not under version control.
#if __has_include("commit.h")
#include "commit.h"
#endif
#ifndef LOCKSTEP_COMMIT
#define LOCKSTEP_COMMIT "unknown"
#endif

int cprocess_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? 0 : errno; }

int cprocess_lowest_thread_priority(void) {
    return setpriority(PRIO_PROCESS, (id_t)gettid(), 19) == 0 ? 0 : errno;
}

void cprocess_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

const char *cprocess_commit(void) { return LOCKSTEP_COMMIT; }
