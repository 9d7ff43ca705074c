// Wraps the C library's allocator (LD_PRELOAD) and counts, by thread, how often memory is taken. When the process ends, it writes one line for
// each thread, its name and count, to a file of its own in the folder that ALLOCATIONS names. Tests/LockstepTests/AllocationTests.swift reads them.
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { threads = 256, name_bytes = 16 };

static struct { char name[name_bytes]; uint64_t count; } counted[threads];
static _Atomic int used;
static __thread int mine = -1;

static void count(void) {
  if (mine < 0) mine = atomic_fetch_add(&used, 1);
  if (mine >= threads) return;
  // A thread gets its name a moment after its start.
  uint64_t before = counted[mine].count++;
  if (before < 16 || before % 64 == 0) prctl(PR_GET_NAME, counted[mine].name);
}

void *malloc(size_t bytes) { count(); return __libc_malloc(bytes); }
void *calloc(size_t elements, size_t bytes) { count(); return __libc_calloc(elements, bytes); }
void *realloc(void *old, size_t bytes) { count(); return __libc_realloc(old, bytes); }
void *memalign(size_t alignment, size_t bytes) { count(); return __libc_memalign(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { count(); return __libc_memalign(alignment, bytes); }
int posix_memalign(void **result, size_t alignment, size_t bytes) {
  count();
  *result = __libc_memalign(alignment, bytes);
  return *result ? 0 : ENOMEM;
}

static void tell(void) {
  static _Atomic int told;
  const char *folder = getenv("ALLOCATIONS");
  char path[4096];
  if (!folder || atomic_exchange(&told, 1)) return;
  snprintf(path, sizeof path, "%s/%d", folder, getpid());
  FILE *file = fopen(path, "w");
  if (!file) return;
  int all = atomic_load(&used);
  for (int thread = 0; thread < all && thread < threads; thread++)
    fprintf(file, "%.*s %lu\n", name_bytes, counted[thread].name, (unsigned long)counted[thread].count);
  fclose(file);
}

// The counts are written however the process ends.
__attribute__((destructor)) static void at_exit(void) { tell(); }
void _exit(int status) {
  tell();
  for (;;) syscall(SYS_exit_group, status);
}
