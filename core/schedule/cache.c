/* The plans that are kept: the one used last is first, the last one goes. */
#include "schedule/inner.h"

#include <string.h>

struct orti_schedule_cache {
    orti_lock lock;       /* the list; never held while a plan is made */
    orti_lock build_lock; /* one plan is made at a time: the next one may find it, and inference edits what it caches */
    uint32_t limit, count;
    orti_plan **plans;
};

ort_status *orti_schedule_cache_create(orti_schedule *schedule, uint32_t plan_limit) {
    orti_schedule_cache *cache = NULL;
    ORT_TRY(orti_alloc(schedule->alloc, 1, sizeof *cache, &cache));
    orti_lock_init(&cache->lock);
    orti_lock_init(&cache->build_lock);
    cache->limit = plan_limit ? plan_limit : 1;
    schedule->cache = cache;
    return orti_alloc(schedule->alloc, cache->limit, sizeof(orti_plan *), &cache->plans);
}

void orti_schedule_cache_destroy(orti_schedule *schedule) {
    orti_schedule_cache *cache = schedule->cache;
    if (!cache) return;
    for (uint32_t i = 0; i < cache->count; i++) orti_plan_release(cache->plans[i]);
    orti_free(schedule->alloc, cache->plans);
    orti_lock_finish(&cache->lock);
    orti_lock_finish(&cache->build_lock);
    orti_free(schedule->alloc, cache);
    schedule->cache = NULL;
}

uint32_t orti_schedule_plan_count(orti_schedule *schedule) {
    orti_lock_take(&schedule->cache->lock);
    uint32_t count = schedule->cache->count;
    orti_lock_give(&schedule->cache->lock);
    return count;
}

static orti_plan *cache_find(orti_schedule_cache *cache, orti_tensor *const *inputs) {
    orti_plan *found = NULL;
    orti_lock_take(&cache->lock);
    for (uint32_t i = 0; i < cache->count && !found; i++) {
        if (!orti_plan_fits(cache->plans[i], inputs)) continue;
        found = orti_plan_retain(cache->plans[i]);
        memmove(&cache->plans[1], &cache->plans[0], i * sizeof *cache->plans);
        cache->plans[0] = found;
    }
    orti_lock_give(&cache->lock);
    return found;
}

static void cache_add(orti_schedule_cache *cache, orti_plan *plan) {
    orti_plan *last = NULL;
    orti_lock_take(&cache->lock);
    if (cache->count == cache->limit) last = cache->plans[--cache->count];
    memmove(&cache->plans[1], &cache->plans[0], cache->count * sizeof *cache->plans);
    cache->plans[0] = orti_plan_retain(plan);
    cache->count++;
    orti_lock_give(&cache->lock);
    orti_plan_release(last);
}

static bool is_in_ranges(const orti_prepared *prepared, const int64_t *symbols, uint32_t symbol_count) {
    for (uint32_t s = 0; s < symbol_count; s++) {
        bool is_covered = false;
        for (uint64_t i = 0; i < prepared->range_count && !is_covered; i++) {
            const ortp_symbol_range *range = &prepared->ranges[i];
            is_covered = range->symbol == s && symbols[s] >= range->min && symbols[s] <= range->max;
        }
        if (!is_covered) return false;
    }
    return symbol_count > 0 && prepared->ranges;
}

orti_prepared *orti_schedule_cache_prepared(orti_schedule *schedule, const orti_step *step, const int64_t *symbols,
                                            uint32_t symbol_count) {
    orti_schedule_cache *cache = schedule->cache;
    orti_prepared *found = NULL;
    /* Known values may differ where symbols don't, once they follow from contents. */
    if (schedule->has_contents_key) return NULL;
    orti_lock_take(&cache->lock);
    for (uint32_t p = 0; p < cache->count && !found; p++) {
        const orti_plan *plan = cache->plans[p];
        for (uint32_t i = 0; i < plan->operation_count && !found; i++) {
            const orti_operation *operation = &plan->operations[i];
            if (operation->action != ORTI_ACTION_RUN || &schedule->steps[operation->step] != step) continue;
            if (is_in_ranges(operation->prepared, symbols, symbol_count))
                found = orti_prepared_retain(operation->prepared);
        }
    }
    orti_lock_give(&cache->lock);
    return found;
}

void orti_schedule_save_memory(orti_schedule *schedule) {
    orti_schedule_cache *cache = schedule->cache;
    orti_lock_take(&cache->build_lock);
    schedule->is_frugal = true;
    orti_lock_take(&cache->lock);
    for (uint32_t i = 0; i < cache->count; i++) orti_plan_release(cache->plans[i]);
    cache->count = 0;
    orti_lock_give(&cache->lock);
    orti_lock_give(&cache->build_lock);
}

ort_status *orti_schedule_plan(orti_schedule *schedule, orti_tensor *const *inputs, orti_plan **out,
                               bool *out_was_made) {
    orti_schedule_cache *cache = schedule->cache;
    ort_status *status = NULL;
    if (out_was_made) *out_was_made = false;
    *out = cache_find(cache, inputs);
    if (*out) return NULL;
    orti_lock_take(&cache->build_lock);
    *out = cache_find(cache, inputs);
    if (!*out) {
        status = orti_plan_create(schedule, inputs, out);
        if (!status) cache_add(cache, *out);
        if (out_was_made) *out_was_made = !status;
    }
    orti_lock_give(&cache->build_lock);
    return status;
}
