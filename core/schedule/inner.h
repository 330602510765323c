/* schedule/inner.h: making one plan, shared by the files of this room. */
#ifndef ORT_CORE_SCHEDULE_INNER_H
#define ORT_CORE_SCHEDULE_INNER_H

#include "schedule/schedule.h"

/* A stretch of a domain's memory that is alive from operation `first` to `last`. */
typedef struct plan_block {
    uint32_t domain, first, last;
    uint64_t size_bytes, align_bytes, offset_bytes;
    uint64_t *users; /* the operations that touch it and are not done when they return; NULL in a plain plan */
} plan_block;

/* Where a value lies in one domain. */
typedef struct plan_copy_of_value {
    orti_value_id value;
    uint32_t domain;
    orti_place place; /* kind MEMORY: offset_bytes is the block's index until memory is laid out */
} plan_copy_of_value;

typedef struct plan_builder {
    orti_schedule *schedule;
    orti_plan *plan;
    orti_facts *facts;
    size_t operation_capacity;
    plan_copy_of_value *present;
    size_t present_count, present_capacity;
    plan_block *blocks;
    size_t block_count, block_capacity;
    uint64_t block_bytes; /* of all of them, with room to align */
    uint32_t *output_of;  /* by value: the first graph output that it is, or ORTI_NONE */
    /* Sets of operations, one bit each: for each operation, who is done before it begins. NULL in a plain plan. */
    uint64_t *before;
    uint32_t set_word_count;
    bool is_laid_out; /* places of kind MEMORY hold offsets */
} plan_builder;

/* ---- schedule.c ---- */
/* The index of a memory, or UINT32_MAX. Spaces of devices that the host addresses are the host's. */
uint32_t orti_schedule_domain(const orti_schedule *schedule, const orti_instance *instance, uint32_t device,
                              uint32_t space);

/* ---- order.c ---- */
/* Producers first, and among those that are ready the ones that work on their own before those that the host does. */
ORT_MUST_USE ort_status *orti_schedule_order(orti_schedule *schedule);

/* ---- prepare.c ---- */
/* The plugin's plan of a step; found among those of cached plans when its ranges allow. */
ORT_MUST_USE ort_status *orti_builder_prepare(plan_builder *builder, const orti_step *step, orti_prepared **out);
orti_prepared *orti_prepared_retain(orti_prepared *prepared);
void orti_prepared_release(const orti_schedule *schedule, orti_prepared *prepared);

/* ---- place.c ---- */
/* Where the operation that comes next finds `value` in `domain`; copies are added before it where they are needed. */
ORT_MUST_USE ort_status *orti_builder_locate(plan_builder *builder, orti_value_id value, uint32_t domain,
                                             orti_place *out);
/* Where the operation that comes next puts `value`. */
ORT_MUST_USE ort_status *orti_builder_place(plan_builder *builder, orti_value_id value, uint32_t domain,
                                            orti_place *out);
/* Copies what a step left on a device, and is a graph output, to the caller's memory. */
ORT_MUST_USE ort_status *orti_builder_fetch_outputs(plan_builder *builder, const orti_step *step);
ORT_MUST_USE ort_status *orti_builder_add_block(plan_builder *builder, uint32_t domain, uint64_t size_bytes,
                                                uint64_t align_bytes, orti_place *out);
ORT_MUST_USE ort_status *orti_builder_add_operation(plan_builder *builder, const orti_operation *operation);

/* ---- memory.c ---- */
/* Gives every block its offset: blocks that are alive at the same time don't overlap, and what waits for nothing of a
 * block's users does not get its bytes. After orti_builder_depend; before it, bytes are shared by submission order. */
ORT_MUST_USE ort_status *orti_builder_lay_out(plan_builder *builder);

/* ---- depend.c ---- */
/* Finds what each operation waits for, by the blocks that it touches, or by their bytes once they are laid out. */
ORT_MUST_USE ort_status *orti_builder_depend(plan_builder *builder);

/* ---- plan.c ---- */
ORT_MUST_USE ort_status *orti_plan_create(orti_schedule *schedule, orti_tensor *const *inputs, orti_plan **out);

/* ---- cache.c ---- */
ORT_MUST_USE ort_status *orti_schedule_cache_create(orti_schedule *schedule, uint32_t plan_limit);
void orti_schedule_cache_destroy(orti_schedule *schedule);
/* A prepared plan of `step` whose ranges hold for `symbols`, retained; or NULL. The build lock is held. */
orti_prepared *orti_schedule_cache_prepared(orti_schedule *schedule, const orti_step *step, const int64_t *symbols,
                                            uint32_t symbol_count);

#endif
