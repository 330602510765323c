/* Work-items that meet at barriers: each has a stack, and a barrier switches to the next one. The switch saves what the
 * calling convention says a callee keeps (System V x86-64 ABI 3.2.1; AAPCS64 6.1.1). Sanitizers are told of every
 * switch (sanitizer/common_interface_defs.h, sanitizer/tsan_interface.h). */
#include "host/host.h"

#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifdef HAS_SANITIZER
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#else
#include <sanitizer/common_interface_defs.h>
#endif
#endif

#define ITEMS_MAX    256u
#define STACK_BYTES  (64u * 1024u)
#define SHARED_BYTES 32768u /* what every device has at least */
#define HEAD_BYTES   ((sizeof(work_stacks) + 4095) & ~(size_t)4095)
#define TOTAL_BYTES  (HEAD_BYTES + SHARED_BYTES + (size_t)ITEMS_MAX * STACK_BYTES)

typedef struct fiber {
    void *stack_pointer;
    unsigned char *stack;
    void *fake_stack, *shadow; /* the sanitizers' own */
    bool is_done;
    ortk_work_item item;
} fiber;

typedef struct work_stacks {
    unsigned char *shared;
    fiber fibers[ITEMS_MAX];
    void *home_pointer, *home_fake_stack, *home_shadow;
    const void *home_bottom;
    size_t home_bytes;
    ortk_item_fn item;
    const void *params;
    void *const *buffers;
} work_stacks;

static _Thread_local work_stacks *stacks;

void ortk_fiber_switch(void **out_save, void *load);
void ortk_fiber_start(void);

#if defined(__x86_64__)
__asm__(".text\n.globl ortk_fiber_switch\n.hidden ortk_fiber_switch\n.type ortk_fiber_switch,@function\n"
        "ortk_fiber_switch:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%rdi)\n  movq %rsi, %rsp\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
        "  ret\n.size ortk_fiber_switch,.-ortk_fiber_switch\n");
#define FRAME_WORDS 8 /* six registers, the address to return to, one word so that the stack is aligned at entry */
#define FRAME_ENTRY 6
#elif defined(__aarch64__)
__asm__(".text\n.globl ortk_fiber_switch\n.hidden ortk_fiber_switch\n.type ortk_fiber_switch,%function\n"
        "ortk_fiber_switch:\n"
        "  sub sp, sp, #160\n"
        "  stp x19, x20, [sp, #0]\n  stp x21, x22, [sp, #16]\n  stp x23, x24, [sp, #32]\n  stp x25, x26, [sp, #48]\n"
        "  stp x27, x28, [sp, #64]\n  stp x29, x30, [sp, #80]\n  stp d8, d9, [sp, #96]\n  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n  stp d14, d15, [sp, #144]\n"
        "  mov x9, sp\n  str x9, [x0]\n  mov sp, x1\n"
        "  ldp x19, x20, [sp, #0]\n  ldp x21, x22, [sp, #16]\n  ldp x23, x24, [sp, #32]\n  ldp x25, x26, [sp, #48]\n"
        "  ldp x27, x28, [sp, #64]\n  ldp x29, x30, [sp, #80]\n  ldp d8, d9, [sp, #96]\n  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n  ldp d14, d15, [sp, #144]\n"
        "  add sp, sp, #160\n  ret\n.size ortk_fiber_switch,.-ortk_fiber_switch\n");
#define FRAME_WORDS 20
#define FRAME_ENTRY 11 /* x30 */
#else
#error "no stack switch for this architecture: add one beside those above"
#endif

/* A fiber is left for good in the middle of these: TSan must not count their entries. */
#if defined(__SANITIZE_THREAD__)
#define UNCOUNTED __attribute__((no_sanitize("thread")))
#else
#define UNCOUNTED
#endif

static UNCOUNTED void before_switch(void **save, void *shadow, const void *bottom, size_t size_bytes) {
#if defined(__SANITIZE_THREAD__)
    (void)save, (void)bottom, (void)size_bytes;
    __tsan_switch_to_fiber(shadow, 0);
#elif defined(HAS_SANITIZER)
    (void)shadow;
    __sanitizer_start_switch_fiber(save, bottom, size_bytes);
#else
    (void)save, (void)shadow, (void)bottom, (void)size_bytes;
#endif
}

static UNCOUNTED void after_switch(void *saved, const void **out_bottom, size_t *out_bytes) {
#if defined(HAS_SANITIZER) && !defined(__SANITIZE_THREAD__)
    __sanitizer_finish_switch_fiber(saved, out_bottom, out_bytes);
#else
    (void)saved, (void)out_bottom, (void)out_bytes;
#endif
}

static UNCOUNTED void fiber_leave(work_stacks *all, fiber *self) {
    before_switch(self->is_done ? NULL : &self->fake_stack, all->home_shadow, all->home_bottom, all->home_bytes);
    ortk_fiber_switch(&self->stack_pointer, all->home_pointer);
    after_switch(self->fake_stack, &all->home_bottom, &all->home_bytes);
}

static _Thread_local fiber *starting;

/* The first function on a fiber's stack. */
static UNCOUNTED void fiber_main(void) {
    work_stacks *all = stacks;
    fiber *self = starting;
    after_switch(NULL, &all->home_bottom, &all->home_bytes);
    all->item(all->params, all->buffers, &self->item);
    self->is_done = true;
    fiber_leave(all, self);
    __builtin_trap(); /* nobody goes on with an item that is done */
}

static void fiber_init(fiber *self) {
    void *entry = (void *)(uintptr_t)fiber_main;
    uintptr_t top = (uintptr_t)(self->stack + STACK_BYTES) & ~(uintptr_t)15;
    void **frame = (void **)top - FRAME_WORDS;
    memset(frame, 0, FRAME_WORDS * sizeof *frame);
    frame[FRAME_ENTRY] = entry;
    self->stack_pointer = frame;
    self->is_done = false;
    self->fake_stack = NULL;
}

static UNCOUNTED void fiber_enter(work_stacks *all, fiber *self) {
    starting = self;
    before_switch(&all->home_fake_stack, self->shadow, self->stack, STACK_BYTES);
    ortk_fiber_switch(&all->home_pointer, self->stack_pointer);
    after_switch(all->home_fake_stack, NULL, NULL);
}

void ortk_work_item_yield(const ortk_work_item *self) {
    fiber_leave(stacks, self->fiber);
}

void *ortk_work_shared(const ortk_work_item *self, uint32_t offset_bytes) {
    (void)self; /* all work-items of a group run on one thread */
    return stacks->shared + offset_bytes;
}

void ortk_work_group_run(ortk_item_fn item, const void *params, void *const *buffers, const ortk_work_item *first,
                         uint32_t count_x, uint32_t count_y) {
    work_stacks *all = stacks;
    uint32_t count = count_x * count_y, live = count;
    if (count > ITEMS_MAX) __builtin_trap(); /* the variant list says how many: a bug of ours */
    all->item = item;
    all->params = params;
    all->buffers = buffers;
    for (uint32_t i = 0; i < count; i++) {
        fiber *self = &all->fibers[i];
        fiber_init(self);
        self->item = *first;
        self->item.local[0] = i % count_x;
        self->item.local[1] = i / count_x;
        self->item.fiber = self;
    }
    /* Each turn brings every item to its next barrier. */
    while (live) {
        for (uint32_t i = 0; i < count; i++) {
            if (all->fibers[i].is_done) continue;
            fiber_enter(all, &all->fibers[i]);
            live -= all->fibers[i].is_done;
        }
    }
}

bool ortk_work_stacks_take(void) {
    if (stacks) return true;
    void *memory = mmap(NULL, TOTAL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    work_stacks *all = memory;
    all->shared = (unsigned char *)memory + HEAD_BYTES;
    unsigned char *at = all->shared + SHARED_BYTES;
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        all->fibers[i].stack = at + (size_t)i * STACK_BYTES;
#if defined(__SANITIZE_THREAD__)
        all->fibers[i].shadow = __tsan_create_fiber(0);
#endif
    }
#if defined(__SANITIZE_THREAD__)
    all->home_shadow = __tsan_get_current_fiber();
#endif
    stacks = all;
    return true;
}

void ortk_work_stacks_give(void) {
    work_stacks *all = stacks;
    if (!all) return;
    stacks = NULL;
#if defined(__SANITIZE_THREAD__)
    for (uint32_t i = 0; i < ITEMS_MAX; i++) __tsan_destroy_fiber(all->fibers[i].shadow);
#endif
    munmap(all, TOTAL_BYTES);
}
