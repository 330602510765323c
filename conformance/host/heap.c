/* Pages for every block: [untouchable][slack, block, tail][untouchable]. The block ends where its pages end, as far as
 * its alignment lets it; what is left of the pages holds a pattern. Addresses are not used again while a host lives
 * that might hold them. A touch of a page that is out of reach arrives as SIGSEGV: it is noted, and the page opened. */
#define _GNU_SOURCE /* REG_ERR: whether the touch was a write */
#include "host/inner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define REGION_BYTES  (UINT64_C(16) << 30)
#define BLOCKS_MAX    (1u << 20)
#define PATTERN       0xca
#define FRESH         0xa5
#define FRESH_MAX     (UINT64_C(1) << 16) /* how much of a fresh block is filled: the pages are zero otherwise */
#define SLACK_CHECKED 64u

typedef struct block {
    unsigned char *data, *base; /* base: of the pages */
    uint64_t size_bytes, page_bytes;
    const ortc_host *owner;
    ortc_use use;
    atomic_bool is_live;
} block;

static struct {
    unsigned char *base;
    uint64_t used_bytes, page_bytes;
    uint32_t *block_of_page; /* 0: none; else index + 1 */
    block *blocks;
    uint32_t block_count, open_count;
    uint64_t live_count;
    struct sigaction before;
    pthread_mutex_t lock;
} region = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *reserve(uint64_t bytes, int protection) {
    void *memory = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static uint64_t round_up(uint64_t value, uint64_t to) {
    return (value + to - 1) & ~(to - 1);
}

/* ---- a touch out of reach ---- */

static const char *bounds_rule(ortc_use use) {
    return use == ORTC_USE_TENSOR ? "run.bounds" : use == ORTC_USE_WORKSPACE ? "plan.workspace" : "lifetime.bounds";
}

static const char *touch_rule(const block *b, bool is_live, bool is_write) {
    if (!is_live) return "lifetime.after_release";
    return is_write ? bounds_rule(b->use) : "lifetime.bounds";
}

static void touch_note(const block *b, const unsigned char *at, bool is_write) {
    static const char *const uses[] = {"a block from the host's alloc", "an argument of a call", "a tensor",
                                       "a workspace"};
    bool is_live = atomic_load(&b->is_live);
    ortc_fault_note(touch_rule(b, is_live, is_write), "%s at byte %lld of %s (%llu bytes)%s",
                    is_write ? "write" : "read", (long long)(at - b->data), uses[b->use],
                    (unsigned long long)b->size_bytes,
                    is_live                   ? ", outside of it"
                    : b->use == ORTC_USE_LENT ? " whose call had ended"
                                              : " that was released");
}

static bool was_write(const void *context) {
#if defined(__x86_64__)
    return (((const ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
    (void)context;
    return true;
#endif
}

static void touched(int signal_number, siginfo_t *info, void *context) {
    unsigned char *at = info->si_addr;
    if (region.base && at >= region.base && at < region.base + REGION_BYTES) {
        uint64_t page = (uint64_t)(at - region.base) / region.page_bytes;
        uint32_t index = region.block_of_page[page];
        if (index) touch_note(&region.blocks[index - 1], at, was_write(context));
        if (!index) ortc_fault_note("lifetime.bounds", "an access far from anything that the host gave");
        if (mprotect(region.base + page * region.page_bytes, region.page_bytes, PROT_READ | PROT_WRITE) == 0) return;
    }
    /* Not ours: as if we weren't here. */
    sigaction(signal_number, &region.before, NULL);
}

bool ortc_heap_open(void) {
    if (!region.base) {
        region.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
        uint64_t pages = REGION_BYTES / region.page_bytes;
        region.block_of_page = reserve(pages * sizeof *region.block_of_page, PROT_READ | PROT_WRITE);
        region.blocks = reserve(BLOCKS_MAX * sizeof *region.blocks, PROT_READ | PROT_WRITE);
        if (region.block_of_page && region.blocks) region.base = reserve(REGION_BYTES, PROT_NONE);
        if (!region.base) return false;
    }
    if (region.open_count++ == 0) {
        struct sigaction action = {.sa_sigaction = touched, .sa_flags = SA_SIGINFO | SA_NODEFER};
        sigemptyset(&action.sa_mask);
        sigaction(SIGSEGV, &action, &region.before);
    }
    return true;
}

/* Begins again at the first page: nobody is left who might know an address. */
static void region_reset(void) {
    mprotect(region.base, region.used_bytes, PROT_NONE);
    madvise(region.base, region.used_bytes, MADV_DONTNEED);
    memset(region.block_of_page, 0, region.used_bytes / region.page_bytes * sizeof *region.block_of_page);
    region.used_bytes = 0;
    region.block_count = 0;
}

void ortc_heap_close(void) {
    if (--region.open_count) return;
    struct sigaction now;
    sigaction(SIGSEGV, NULL, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == touched) sigaction(SIGSEGV, &region.before, NULL);
    if (region.live_count == 0 && region.used_bytes > REGION_BYTES / 4) region_reset();
}

/* ---- blocks ---- */

static void block_fill(block *b) {
    unsigned char *end = b->base + b->page_bytes;
    uint64_t slack = (uint64_t)(b->data - b->base);
    if (slack > SLACK_CHECKED) slack = SLACK_CHECKED;
    memset(b->data - slack, PATTERN, slack);
    memset(b->data, FRESH, b->size_bytes < FRESH_MAX ? b->size_bytes : FRESH_MAX);
    memset(b->data + b->size_bytes, PATTERN, (size_t)(end - b->data) - b->size_bytes);
}

/* With the lock held. */
static block *block_take(uint64_t size_bytes, uint64_t align_bytes) {
    uint64_t page = region.page_bytes, unit = align_bytes > page ? align_bytes : page;
    uint64_t span = round_up(size_bytes ? size_bytes : 1, align_bytes);
    uint64_t bytes = round_up(span, unit);
    uint64_t start =
        round_up((uint64_t)(uintptr_t)region.base + region.used_bytes + page, unit) - (uint64_t)(uintptr_t)region.base;
    if (start > REGION_BYTES || bytes > REGION_BYTES - start || start + bytes + page > REGION_BYTES) return NULL;
    if (region.block_count == BLOCKS_MAX) return NULL;
    block *b = &region.blocks[region.block_count];
    b->base = region.base + start;
    b->data = b->base + bytes - span;
    b->size_bytes = size_bytes;
    b->page_bytes = bytes;
    if (mprotect(b->base, bytes, PROT_READ | PROT_WRITE) != 0) return NULL;
    uint32_t index = ++region.block_count;
    /* The page before belongs to it too unless it is the one behind another. */
    for (uint64_t p = start / page - 1; p <= (start + bytes) / page; p++)
        if (p >= start / page || !region.block_of_page[p]) region.block_of_page[p] = index;
    region.used_bytes = start + bytes;
    region.live_count++;
    return b;
}

void *ortc_block_create(const ortc_host *owner, ortc_use use, uint64_t size_bytes, uint64_t align_bytes) {
    if (size_bytes > REGION_BYTES || align_bytes > REGION_BYTES) return NULL;
    pthread_mutex_lock(&region.lock);
    block *b = block_take(size_bytes, align_bytes);
    if (b) {
        b->owner = owner;
        b->use = use;
        atomic_store(&b->is_live, true);
    }
    pthread_mutex_unlock(&region.lock);
    if (!b) return NULL;
    block_fill(b);
    return b->data;
}

static block *block_find(const void *data) {
    const unsigned char *at = data;
    if (!region.base || at < region.base || at >= region.base + REGION_BYTES) return NULL;
    uint32_t index = region.block_of_page[(uint64_t)(at - region.base) / region.page_bytes];
    block *b = index ? &region.blocks[index - 1] : NULL;
    return b && b->data == at ? b : NULL;
}

static void pattern_check(const block *b) {
    const char *rule = bounds_rule(b->use);
    const unsigned char *end = b->base + b->page_bytes, *at = b->data + b->size_bytes;
    for (; at < end; at++)
        if (*at != PATTERN) {
            ortc_fault_note(rule, "byte %lld was written of a block of %llu bytes", (long long)(at - b->data),
                            (unsigned long long)b->size_bytes);
            return;
        }
    for (at = b->data; at-- > b->base && b->data - at <= SLACK_CHECKED;)
        if (*at != PATTERN) {
            ortc_fault_note(rule, "byte %lld was written of a block of %llu bytes", (long long)(at - b->data),
                            (unsigned long long)b->size_bytes);
            return;
        }
}

static void block_end(block *b) {
    if (!atomic_exchange(&b->is_live, false)) return;
    pattern_check(b);
    madvise(b->base, b->page_bytes, MADV_DONTNEED);
    mprotect(b->base, b->page_bytes, PROT_NONE);
    pthread_mutex_lock(&region.lock);
    region.live_count--;
    pthread_mutex_unlock(&region.lock);
}

void ortc_block_destroy(void *data) {
    if (!data) return;
    pthread_mutex_lock(&region.lock);
    block *b = block_find(data);
    pthread_mutex_unlock(&region.lock);
    if (b) block_end(b);
}

void *ortc_block_lend(const ortc_host *owner, const void *data, uint64_t size_bytes) {
    void *copy = ortc_block_create(owner, ORTC_USE_LENT, size_bytes, 8);
    if (copy && size_bytes) memcpy(copy, data, size_bytes);
    return copy;
}

/* ---- what a plugin calls ---- */

void *ortc_heap_alloc(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes) {
    if (align_bytes == 0) align_bytes = 16;
    if (align_bytes & (align_bytes - 1)) {
        ortc_fault_note("host.calls", "alloc with an alignment of %llu, which is no power of two",
                        (unsigned long long)align_bytes);
        return NULL;
    }
    if (ortc_host_must_fail(context)) return NULL;
    void *memory = ortc_block_create(context, ORTC_USE_HEAP, size_bytes, align_bytes);
    if (!memory) return NULL;
    atomic_fetch_add(&context->live_blocks, 1);
    atomic_fetch_add(&context->live_bytes, size_bytes);
    return memory;
}

void ortc_heap_release(ortp_host_context *context, void *memory) {
    if (!memory) return;
    pthread_mutex_lock(&region.lock);
    block *b = block_find(memory);
    pthread_mutex_unlock(&region.lock);
    const char *wrong = !b || b->use != ORTC_USE_HEAP ? "which it did not give"
                        : b->owner != context         ? "which is of another host"
                        : !atomic_load(&b->is_live)   ? "which was released before"
                                                      : NULL;
    if (wrong) {
        ortc_fault_note("lifetime.heap", "the host's release was given memory %s", wrong);
        return;
    }
    atomic_fetch_sub(&context->live_blocks, 1);
    atomic_fetch_sub(&context->live_bytes, b->size_bytes);
    block_end(b);
}

uint64_t ortc_heap_forget(const ortc_host *owner, char *text, uint64_t text_bytes) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < region.block_count; i++) {
        block *b = &region.blocks[i];
        if (b->owner != owner || !atomic_load(&b->is_live)) continue;
        if (b->use == ORTC_USE_HEAP && count++ == 0)
            snprintf(text, text_bytes, "%llu bytes from alloc", (unsigned long long)b->size_bytes);
        block_end(b);
    }
    return count;
}
