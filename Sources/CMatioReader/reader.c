#include "cmatio_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <matio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// What the library complained of first, in the child.
static char first_words[CMATIO_WORDS];

// Keeps the library's first complaint. Some complaints come with a return value that says success.
static void keep_words(int level, char *message) {
    if (level > MATIO_LOG_LEVEL_WARNING || first_words[0] || !message) return;
    snprintf(first_words, CMATIO_WORDS, "%s", message);
}

// The child has this much address space beside what it begins with, whatever a file claims of itself.
static void limit_memory(uint64_t room) {
#if !__has_feature(address_sanitizer)
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return;
    int found = fscanf(file, "%llu", &pages);
    fclose(file);
    struct rlimit limit;
    if (found != 1 || getrlimit(RLIMIT_AS, &limit) != 0) return;
    rlim_t most = (rlim_t)(pages * (unsigned long long)sysconf(_SC_PAGESIZE) + room);
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > most) {
        limit.rlim_cur = most;
        setrlimit(RLIMIT_AS, &limit);
    }
#endif
}

// Makes the child die with its parent, quietly: no core dump, none of the parent's signal handlers, no output of C's library on the terminal.
static void settle(pid_t parent, uint64_t room) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGINT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    int quiet = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (quiet >= 0) {
        dup2(quiet, 1);
        dup2(quiet, 2);
    }
    limit_memory(room);
    Mat_LogInitFunc("lockstep", keep_words);
}

static void list_names(mat_t *file, char *words) {
    size_t count = 0, used = 0;
    char **names = Mat_GetDir(file, &count);
    words[0] = 0;
    for (size_t i = 0; names && i < count && used < CMATIO_WORDS - 1; i++) {
        int more = snprintf(words + used, CMATIO_WORDS - used, "%s%s", used ? ", " : "", names[i] ? names[i] : "");
        if (more < 0) break;
        used += (size_t)more;
    }
}

static void describe(const matvar_t *variable, struct cmatio_answer *answer) {
    answer->kind = (int32_t)variable->class_type;
    answer->rank = variable->rank;
    answer->is_complex = variable->isComplex != 0;
    answer->is_packed = variable->compression == MAT_COMPRESSION_ZLIB;
    for (int axis = 0; axis < variable->rank && axis < CMATIO_RANK && variable->dims; axis++)
        answer->shape[axis] = variable->dims[axis] > INT64_MAX ? INT64_MAX : (int64_t)variable->dims[axis];
}

// Reads into `target`, which has room for `room` bytes; column-major, so that the elements of one index of the last axis lie together.
static int read_elements(
    mat_t *file, matvar_t *variable, int64_t first, int64_t count, unsigned char *target, uint64_t room) {
    int start[CMATIO_RANK] = {0}, stride[CMATIO_RANK], edge[CMATIO_RANK];
    int last = variable->rank - 1;
    uint64_t row = 1, size = Mat_SizeOfClass((int)variable->class_type);
    if (last < 1 || last >= CMATIO_RANK || size == 0) return -1;
    for (int axis = 0; axis <= last; axis++) {
        if (variable->dims[axis] == 0 || variable->dims[axis] > INT_MAX) return -1;
        stride[axis] = 1;
        edge[axis] = (int)variable->dims[axis];
        if (axis < last) row *= variable->dims[axis];
        if (row > INT_MAX) return -1;
    }
    if (first < 0 || count < 1 || first > edge[last] - count || (uint64_t)count > room / size / row) return -1;
    if ((uint64_t)edge[last] > INT_MAX / row) return -1;
    // For HDF5 the linear read would list every element; for MAT 5 the other read would go from column to column.
    if (Mat_GetVersion(file) != MAT_FT_MAT73)
        return Mat_VarReadDataLinear(file, variable, target, (int)(first * (int64_t)row), 1, (int)(count * (int64_t)row));
    start[last] = (int)first;
    edge[last] = (int)count;
    return Mat_VarReadData(file, variable, target, start, stride, edge);
}

int cmatio_ask(int socket, const struct cmatio_request *request) {
    return send(socket, request, sizeof *request, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof *request;
}

static void serve(int socket, const char *path, unsigned char *slab, uint64_t room) {
    struct cmatio_request request;
    matvar_t *variable = NULL;
    mat_t *file = Mat_Open(path, MAT_ACC_RDONLY);
    while (recv(socket, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        struct cmatio_answer answer;
        memset(&answer, 0, sizeof answer);
        request.name[CMATIO_NAME - 1] = 0;
        answer.status = CMATIO_UNOPENED;
        if (file) {
            answer.version = (int32_t)Mat_GetVersion(file);
            if (!variable || !variable->name || strcmp(variable->name, request.name) != 0) {
                if (variable) Mat_VarFree(variable);
                variable = Mat_VarReadInfo(file, request.name);
            }
            answer.status = CMATIO_MISSING;
        }
        if (variable) {
            describe(variable, &answer);
            int failed = request.count ? read_elements(file, variable, request.first, request.count, slab, room) : 0;
            answer.status = failed || first_words[0] ? CMATIO_DAMAGED : CMATIO_READ;
        } else if (file && first_words[0]) {
            answer.status = CMATIO_DAMAGED;
        }
        if (answer.status == CMATIO_MISSING)
            list_names(file, answer.words);
        else
            memcpy(answer.words, first_words, CMATIO_WORDS);
        if (send(socket, &answer, sizeof answer, MSG_NOSIGNAL) != (ssize_t)sizeof answer) break;
    }
    _exit(0);
}

int cmatio_start(const char *path, unsigned char *slab, uint64_t room, uint64_t memory, int *socket) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        settle(parent, memory);
        serve(ends[1], path, slab, room);
    }
    int code = errno;
    close(ends[1]);
    if (child < 0) close(ends[0]);
    *socket = ends[0];
    return child < 0 ? -code : (int)child;
}
