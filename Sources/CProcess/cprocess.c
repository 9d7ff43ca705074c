#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Since Linux 5.6; older C headers do not know the number, which is the same on every architecture.
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

// Since Linux 6.3: nobody executes it. Older kernels refuse the flag.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

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

int cprocess_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

int cprocess_sealed_memory(const char *name, const void *bytes, size_t count) {
    int memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (memory < 0 && errno == EINVAL) memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -errno;
    int status = 0;
    // At once or not at all: it is memory, and few bytes.
    if (pwrite(memory, bytes, count, 0) != (ssize_t)count) status = errno != 0 ? errno : EIO;
    if (status == 0 && fchmod(memory, S_IRUSR) != 0) status = errno;
    if (status == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) status = errno;
    if (status == 0) return memory;
    close(memory);
    return -status;
}

void cprocess_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

int cprocess_cut_connection(int pid, int descriptor, unsigned long long inode) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0) return errno;
    int copy = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
    int status = copy < 0 ? errno : 0;
    struct stat about;
    if (status == 0 && fstat(copy, &about) != 0) status = errno;
    if (status == 0 && about.st_ino != inode) status = ESTALE;
    if (status == 0 && shutdown(copy, SHUT_RDWR) != 0) status = errno;
    if (copy >= 0) close(copy);
    close(process);
    return status;
}

const char *cprocess_commit(void) { return LOCKSTEP_COMMIT; }
