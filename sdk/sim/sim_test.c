/* The simulated device by itself: what the host can't do, what it notices, and its faults. */
#include "fake_host.h"
#include "sim.h"
#include "testing/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#undef CHECK_FAILS
#define CHECK_FAILS(expr, want, text)                                                                                  \
    do {                                                                                                               \
        ort_status *check_status = (expr);                                                                             \
        CHECK(check_status != NULL, "succeeded");                                                                      \
        const ortp_host_core *core_ = fake_host()->core;                                                               \
        CHECK(core_->status_code(check_status) == (want), "code %u: %s", (unsigned)core_->status_code(check_status),   \
              core_->status_message(check_status).data);                                                               \
        CHECK(strstr(core_->status_message(check_status).data, (text)), "message '%s' lacks '%s'",                     \
              core_->status_message(check_status).data, (text));                                                       \
        core_->status_destroy(check_status);                                                                           \
    } while (0)
#define CHECK_GOOD(expr)                                                                                               \
    do {                                                                                                               \
        ort_status *check_status = (expr);                                                                             \
        CHECK(check_status == NULL, "%s", fake_host()->core->status_message(check_status).data);                       \
    } while (0)

typedef struct bench {
    ortk_device *device;
    ortk_stream *streams[2];
    const ortp_host *before;
    uint32_t live;
} bench;

static bench bench_open(sim_faults faults) {
    bench b = {.before = ortk_host_enter(fake_host()), .live = fake_live_allocations()};
    CHECK_GOOD(ortk_sim_device_create(fake_host(), &faults, &b.device));
    for (int i = 0; i < 2; i++) CHECK_GOOD(ortk_sim_driver.stream_create(b.device, i == 1, &b.streams[i]));
    return b;
}

static void bench_close(bench *b) {
    for (int i = 0; i < 2; i++) ortk_sim_driver.stream_destroy(b->streams[i]);
    ortk_sim_device_destroy(b->device);
    CHECK(fake_live_allocations() == b->live, "%u allocations are left", fake_live_allocations() - b->live);
    ortk_host_leave(b->before);
}

static ortk_memory *memory_of(bench *b, uint32_t kind, uint64_t size_bytes) {
    ortk_memory *memory = NULL;
    CHECK_GOOD(ortk_sim_driver.memory_create(b->device, kind, size_bytes, &memory));
    return memory;
}

/* One copy of 64 bytes as a sequence. */
static ortk_sequence *copy_of(bench *b, ortk_memory *from, ortk_memory *to, const char *label) {
    const ortk_operand source = {from, 0, 64}, target = {to, 0, 64};
    ortk_sequence *sequence = NULL;
    CHECK_GOOD(ortk_sim_driver.sequence_create(b->device, &sequence));
    CHECK_GOOD(ortk_sim_driver.copy(sequence, &source, &target, label));
    CHECK_GOOD(ortk_sim_driver.seal(sequence));
    return sequence;
}

static uint64_t submit(bench *b, int stream, ortk_sequence *sequence) {
    uint64_t value = 0;
    CHECK_GOOD(ortk_sim_driver.submit(b->streams[stream], sequence, &value));
    return value;
}

static ort_status *ended(bench *b, int stream, uint64_t value) {
    return ortk_sim_driver.wait(b->streams[stream], value, 20000000000u);
}

static const sim_faults none = {.seed = 1};

ORT_TEST(sim, the_host_cannot_touch_its_memory) {
    bench b = bench_open(none);
    ortk_memory *device = memory_of(&b, ORTK_MEMORY_DEVICE, 64), *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64);
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(ortk_sim_driver.memory_address(device) == NULL);
    CHECK(write(ends[1], device->bytes, 1) == -1, "the kernel could read what the host may not");
    CHECK(write(ends[1], ortk_sim_driver.memory_address(staging), 1) == 1);
    close(ends[0]);
    close(ends[1]);
    ortk_sim_driver.memory_destroy(device);
    ortk_sim_driver.memory_destroy(staging);
    bench_close(&b);
}

ORT_TEST(sim, bytes_come_back) {
    bench b = bench_open(none);
    ortk_memory *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64), *device = memory_of(&b, ORTK_MEMORY_DEVICE, 64);
    ortk_sequence *in = copy_of(&b, staging, device, "in"), *out = copy_of(&b, device, staging, "out");
    unsigned char *bytes = ortk_sim_driver.memory_address(staging);
    for (int turn = 0; turn < 3; turn++) {
        uint64_t begin = 0, end = 0;
        memset(bytes, 7 + turn, 64);
        CHECK_GOOD(ended(&b, 0, submit(&b, 0, in)));
        memset(bytes, 0, 64);
        uint64_t value = submit(&b, 1, out);
        CHECK_GOOD(ended(&b, 1, value));
        CHECK(bytes[0] == 7 + turn && bytes[63] == 7 + turn);
        CHECK(ortk_sim_driver.measure(b.streams[1], value, &begin, &end) && begin <= end);
    }
    ortk_sim_driver.sequence_destroy(in);
    ortk_sim_driver.sequence_destroy(out);
    ortk_sim_driver.memory_destroy(staging);
    ortk_sim_driver.memory_destroy(device);
    bench_close(&b);
}

ORT_TEST(sim, reading_what_nobody_wrote_is_told) {
    bench b = bench_open(none);
    ortk_memory *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64), *device = memory_of(&b, ORTK_MEMORY_DEVICE, 64);
    ortk_sequence *out = copy_of(&b, device, staging, "fetch");
    CHECK_FAILS(ended(&b, 0, submit(&b, 0, out)), ORT_CODE_BUG,
                "'fetch' reads byte 0 of buffer 1 before anything has written it");
    ortk_sim_driver.sequence_destroy(out);
    ortk_sim_driver.memory_destroy(staging);
    ortk_sim_driver.memory_destroy(device);
    bench_close(&b);
}

ORT_TEST(sim, a_missing_wait_is_told) {
    bench b = bench_open((sim_faults){.seed = 1, .delay_us = 20000});
    ortk_memory *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64), *device = memory_of(&b, ORTK_MEMORY_DEVICE, 64),
                *other = memory_of(&b, ORTK_MEMORY_DEVICE, 64);
    ortk_sequence *in = copy_of(&b, staging, device, "make"), *out = copy_of(&b, device, other, "use");
    uint64_t made = submit(&b, 0, in), used = submit(&b, 1, out);
    CHECK_GOOD(ended(&b, 0, made));
    CHECK_FAILS(ended(&b, 1, used), ORT_CODE_BUG, "'use' touches buffer 1 at byte 0 while 'make' has not ended");
    CHECK_GOOD(ended(&b, 1, submit(&b, 1, out))); /* after the wait it is right */
    ortk_sim_driver.sequence_destroy(in);
    ortk_sim_driver.sequence_destroy(out);
    ortk_sim_driver.memory_destroy(staging);
    ortk_sim_driver.memory_destroy(device);
    ortk_sim_driver.memory_destroy(other);
    bench_close(&b);
}

ORT_TEST(sim, releasing_what_is_used_is_told) {
    bench b = bench_open((sim_faults){.seed = 1, .delay_us = 20000});
    ortk_memory *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64), *device = memory_of(&b, ORTK_MEMORY_DEVICE, 64);
    ortk_sequence *in = copy_of(&b, staging, device, "make");
    uint64_t made = submit(&b, 0, in);
    ortk_sim_driver.memory_destroy(device);
    CHECK_FAILS(ended(&b, 0, made), ORT_CODE_BUG, "buffer 1 was released while 'make' still used it");
    CHECK_FAILS(ended(&b, 0, submit(&b, 0, in)), ORT_CODE_BUG, "'make' touches buffer 1 after it was released");
    ortk_sim_driver.sequence_destroy(in);
    ortk_sim_driver.memory_destroy(staging);
    bench_close(&b);
}

ORT_TEST(sim, reaching_beyond_a_buffer_is_told) {
    bench b = bench_open(none);
    ortk_memory *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64), *device = memory_of(&b, ORTK_MEMORY_DEVICE, 63);
    ortk_sequence *in = copy_of(&b, staging, device, "make");
    CHECK_FAILS(ended(&b, 0, submit(&b, 0, in)), ORT_CODE_BUG,
                "'make' touches bytes 0 to 64 of buffer 1, which has 63");
    ortk_sim_driver.sequence_destroy(in);
    ortk_sim_driver.memory_destroy(staging);
    ortk_sim_driver.memory_destroy(device);
    bench_close(&b);
}

ORT_TEST(sim, memory_runs_out) {
    bench b = bench_open((sim_faults){.seed = 1, .memory_bytes = 100, .out_of_memory_at = 3});
    ortk_memory *first = memory_of(&b, ORTK_MEMORY_DEVICE, 60), *none_left = NULL;
    CHECK_FAILS(ortk_sim_driver.memory_create(b.device, ORTK_MEMORY_DEVICE, 41, &none_left), ORT_CODE_OUT_OF_MEMORY,
                "1 bytes more than the 100");
    CHECK_FAILS(ortk_sim_driver.memory_create(b.device, ORTK_MEMORY_DEVICE, 1, &none_left), ORT_CODE_OUT_OF_MEMORY,
                "allocation 3");
    ortk_sim_driver.memory_destroy(first);
    first = memory_of(&b, ORTK_MEMORY_DEVICE, 100);
    ortk_sim_driver.memory_destroy(first);
    bench_close(&b);
}

ORT_TEST(sim, a_hang_ends_when_the_device_is_given_up) {
    bench b = bench_open((sim_faults){.seed = 1, .hang_at = 1});
    ortk_memory *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64), *device = memory_of(&b, ORTK_MEMORY_DEVICE, 64);
    ortk_sequence *in = copy_of(&b, staging, device, "make");
    uint64_t made = submit(&b, 0, in), after = submit(&b, 0, in), value = 0;
    CHECK_FAILS(ortk_sim_driver.wait(b.streams[0], made, 5000000), ORT_CODE_DEADLINE, "has not ended");
    ortk_sim_driver.lose(b.device, "the test says so");
    CHECK_FAILS(ended(&b, 0, made), ORT_CODE_DEVICE_LOST, "the test says so");
    CHECK_FAILS(ended(&b, 0, after), ORT_CODE_DEVICE_LOST, "the test says so");
    CHECK_FAILS(ortk_sim_driver.submit(b.streams[1], in, &value), ORT_CODE_DEVICE_LOST, "the test says so");
    ortk_sim_driver.sequence_destroy(in);
    ortk_sim_driver.memory_destroy(staging);
    ortk_sim_driver.memory_destroy(device);
    bench_close(&b);
}

/* Which of 200 pieces of work fail. */
static void failures_draw(int64_t seed, bool *out) {
    bench b = bench_open((sim_faults){.seed = seed, .fail_at = 4, .is_random = true});
    ortk_memory *staging = memory_of(&b, ORTK_MEMORY_STAGING, 64), *device = memory_of(&b, ORTK_MEMORY_DEVICE, 64);
    ortk_sequence *in = copy_of(&b, staging, device, "make");
    for (int i = 0; i < 200; i++) {
        ort_status *status = ended(&b, 0, submit(&b, 0, in));
        out[i] = status != NULL;
        if (status) fake_host()->core->status_destroy(status);
    }
    ortk_sim_driver.sequence_destroy(in);
    ortk_sim_driver.memory_destroy(staging);
    ortk_sim_driver.memory_destroy(device);
    bench_close(&b);
}

ORT_TEST(sim, a_seed_repeats_its_faults) {
    bool first[200], again[200], other[200];
    int count = 0;
    failures_draw(5, first);
    failures_draw(5, again);
    failures_draw(6, other);
    for (int i = 0; i < 200; i++) count += first[i];
    CHECK(memcmp(first, again, sizeof first) == 0, "the same seed gave other faults");
    CHECK(memcmp(first, other, sizeof first) != 0, "another seed gave the same faults");
    CHECK(count > 25 && count < 85, "%d of 200 failed, about 50 should", count);
}
