#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

// Since Linux 6.3: the file cannot be executed. Older kernels refuse the flag.
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

static volatile sig_atomic_t stop_descriptor = -1;

static void forward_stop_signal(int number) {
    int before = errno;
    unsigned char byte = (unsigned char)number;
    // Where the pipe is full, it holds more signals than anybody needs.
    ssize_t written = write(stop_descriptor, &byte, 1);
    (void)written;
    errno = before;
}

static int forward(int number) {
    struct sigaction action = {.sa_handler = forward_stop_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0 ? 0 : errno;
}

int cprocess_forward_stop_signals(int descriptor) {
    stop_descriptor = descriptor;
    int status = forward(SIGINT);
    if (status == 0) status = forward(SIGTERM);
    // A process started to outlive its terminal (nohup) does so.
    struct sigaction hangup;
    if (status == 0 && sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) status = forward(SIGHUP);
    return status;
}

int cprocess_forward_suspension(void) { return forward(SIGTSTP); }

void cprocess_hold_stop_signals(int hold) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTSTP);
    pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL);
}

int cprocess_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

int cprocess_sealed_memory(const char *name, const void *bytes, size_t count) {
    int memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (memory < 0 && errno == EINVAL) memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -errno;
    int status = 0;
    // Few bytes into memory: one call writes all of them, or fails.
    if (pwrite(memory, bytes, count, 0) != (ssize_t)count) status = errno != 0 ? errno : EIO;
    if (status == 0 && fchmod(memory, S_IRUSR) != 0) status = errno;
    if (status == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) status = errno;
    if (status == 0) return memory;
    close(memory);
    return -status;
}

int cprocess_borrow_socket(int pid, int descriptor, unsigned long long inode, int *copy) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0) return errno;
    *copy = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
    int status = *copy < 0 ? errno : 0;
    struct stat about;
    if (status == 0 && fstat(*copy, &about) != 0) status = errno;
    if (status == 0 && about.st_ino != inode) status = ESTALE;
    if (status != 0 && *copy >= 0) close(*copy);
    close(process);
    return status;
}

int cprocess_lose_incoming(int socket, unsigned int longer_than) {
    // A filter that answers 0 drops the packet before TCP sees it.
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, longer_than, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : errno;
}

int cprocess_lose_nothing(int socket) {
    int none = 0;
    return setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none) == 0 ? 0 : errno;
}

int cprocess_limit_rate(int socket, unsigned int bytes_per_second) {
    return setsockopt(socket, SOL_SOCKET, SO_MAX_PACING_RATE, &bytes_per_second, sizeof bytes_per_second) == 0 ? 0 : errno;
}

long cprocess_peek(int socket, void *buffer, unsigned long size) {
    return recv(socket, buffer, size, MSG_PEEK | MSG_DONTWAIT);
}

const char *cprocess_commit(void) { return LOCKSTEP_COMMIT; }
