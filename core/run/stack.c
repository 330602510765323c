#include "run/stack.h"

#include <stdatomic.h>
#include <string.h>

/* Elements of whole bytes: others don't begin at a byte. */
static ort_status *dtype_check(ort_dtype dtype) {
    if (orti_dtype_bits(dtype) >= 8) return NULL;
    ORT_FAIL(UNSUPPORTED, "%s can't be cut into slices or put together: not built yet", orti_dtype_name(dtype));
}

static bool is_same_shape(const orti_tensor *stack, const orti_tensor *element) {
    return stack->dtype == element->dtype && stack->rank == element->rank + 1 &&
           memcmp(&stack->dims[1], element->dims, element->rank * sizeof *element->dims) == 0;
}

static ort_status *stack_resize(run_stack *stack, const orti_allocator *alloc, const orti_tensor *element,
                                int64_t capacity) {
    int64_t dims[ORTI_RANK_MAX] = {capacity};
    orti_tensor *larger = NULL;
    if (element->rank) memcpy(&dims[1], element->dims, element->rank * sizeof *dims);
    ORT_TRY(orti_tensor_create(alloc, element->dtype, dims, element->rank + 1, 0, &larger));
    size_t used_bytes = (size_t)(element->size_bytes * (uint64_t)stack->count);
    if (used_bytes) memcpy(larger->data, stack->tensor->data, used_bytes);
    orti_tensor_release(stack->tensor);
    stack->tensor = larger;
    return NULL;
}

ort_status *orti_stack_add(run_stack *stack, const orti_allocator *alloc, const orti_tensor *element,
                           int64_t expected_count) {
    ORT_TRY(dtype_check(element->dtype));
    if (element->rank == ORTI_RANK_MAX) ORT_FAIL(LIMIT_EXCEEDED, "a stack of tensors of rank %u", element->rank);
    if (!stack->tensor) ORT_TRY(stack_resize(stack, alloc, element, expected_count));
    if (!is_same_shape(stack->tensor, element))
        ORT_FAIL(INVALID_ARGUMENT, "element %lld of a scan output has another type or shape than the ones before",
                 (long long)stack->count);
    if (stack->count == stack->tensor->dims[0]) ORT_TRY(stack_resize(stack, alloc, element, 2 * stack->count));
    char *at = stack->tensor->data;
    if (element->size_bytes)
        memcpy(at + element->size_bytes * (uint64_t)stack->count, element->data, (size_t)element->size_bytes);
    stack->count++;
    return NULL;
}

/* Element i of [count, outer, inner] goes to [outer, count, inner]. */
static ort_status *stack_move(const run_stack *stack, uint32_t axis, bool is_backward, orti_tensor **out) {
    const orti_tensor *from = stack->tensor;
    int64_t dims[ORTI_RANK_MAX], outer = 1, count = stack->count;
    for (uint32_t i = 0; i < axis; i++) outer *= dims[i] = from->dims[i + 1];
    dims[axis] = count;
    for (uint32_t i = axis + 1; i < from->rank; i++) dims[i] = from->dims[i];
    ORT_TRY(orti_tensor_create(from->datum.alloc, from->dtype, dims, from->rank, 0, out));
    if (!(*out)->size_bytes) return NULL;
    size_t inner_bytes = (size_t)((*out)->size_bytes / (uint64_t)(outer * count));
    char *to = (*out)->data;
    const char *data = from->data;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < count; i++, to += inner_bytes)
            memcpy(to, data + (size_t)((is_backward ? count - 1 - i : i) * outer + o) * inner_bytes, inner_bytes);
    return NULL;
}

ort_status *orti_stack_take(run_stack *stack, uint32_t axis, bool is_backward, orti_tensor **out) {
    orti_tensor *tensor = stack->tensor;
    *out = NULL;
    if (axis || is_backward) {
        ORT_TRY(stack_move(stack, axis, is_backward, out));
        orti_stack_clear(stack);
        return NULL;
    }
    int64_t capacity = tensor->dims[0];
    tensor->dims[0] = stack->count;
    tensor->element_count = tensor->element_count / capacity * stack->count;
    tensor->size_bytes = tensor->size_bytes / (uint64_t)capacity * (uint64_t)stack->count;
    *stack = (run_stack){0};
    *out = tensor;
    return NULL;
}

void orti_stack_clear(run_stack *stack) {
    orti_tensor_release(stack->tensor);
    *stack = (run_stack){0};
}

/* ---- slices ---- */

ort_status *orti_slicer_begin(run_slicer *slicer, orti_tensor *source, uint32_t axis) {
    orti_slicer_clear(slicer);
    ORT_TRY(dtype_check(source->dtype));
    *slicer = (run_slicer){.source = orti_tensor_retain(source), .axis = axis};
    return NULL;
}

static void view_release(void *user, void *data) {
    (void)data;
    orti_tensor_release(user);
}

static ort_status *turn_make(const run_slicer *slicer, orti_tensor **out) {
    orti_tensor *source = slicer->source;
    int64_t dims[ORTI_RANK_MAX];
    uint32_t rank = 0;
    for (uint32_t i = 0; i < source->rank; i++)
        if (i != slicer->axis) dims[rank++] = source->dims[i];
    if (slicer->axis) return orti_tensor_create(source->datum.alloc, source->dtype, dims, rank, 0, out);
    uint64_t size_bytes = source->size_bytes / (uint64_t)source->dims[0];
    ORT_TRY(orti_tensor_wrap(source->datum.alloc, source->dtype, dims, rank, source->data, size_bytes, view_release,
                             source, out));
    orti_tensor_retain(source);
    return NULL;
}

static void slice_fill(const run_slicer *slicer, int64_t index, orti_tensor *slice) {
    const orti_tensor *source = slicer->source;
    char *data = source->data;
    if (!slice->size_bytes) return;
    if (!slicer->axis) {
        slice->data = data + (uint64_t)index * slice->size_bytes;
        return;
    }
    int64_t outer = 1, length = source->dims[slicer->axis];
    for (uint32_t i = 0; i < slicer->axis; i++) outer *= source->dims[i];
    size_t inner_bytes = (size_t)(slice->size_bytes / (uint64_t)outer);
    for (int64_t o = 0; o < outer; o++)
        memcpy((char *)slice->data + (size_t)o * inner_bytes, data + (size_t)(o * length + index) * inner_bytes,
               inner_bytes);
}

ort_status *orti_slicer_get(run_slicer *slicer, int64_t index, orti_tensor **out) {
    orti_tensor *turn = slicer->turns[0];
    slicer->turns[0] = slicer->turns[1];
    slicer->turns[1] = turn;
    /* One that somebody still holds stays as it is. */
    if (turn && atomic_load_explicit(&turn->datum.ref_count, memory_order_acquire) != 1) {
        orti_tensor_release(turn);
        slicer->turns[1] = turn = NULL;
    }
    if (!turn) {
        ORT_TRY(turn_make(slicer, &turn));
        slicer->turns[1] = turn;
    }
    slice_fill(slicer, index, turn);
    *out = orti_tensor_retain(turn);
    return NULL;
}

void orti_slicer_clear(run_slicer *slicer) {
    for (uint32_t i = 0; i < 2; i++) orti_tensor_release(slicer->turns[i]);
    orti_tensor_release(slicer->source);
    *slicer = (run_slicer){0};
}
