/* tensor/datum.h: what a run hands around: a tensor, or a sequence, an optional or a map that holds some.
 * Start at: orti_datum_retain(), orti_list_create().  Used by: load, run, session, tools (through ort.h).
 * Threads: retain and release from any; a list never changes once it is made. */
#ifndef ORT_CORE_TENSOR_DATUM_H
#define ORT_CORE_TENSOR_DATUM_H

#include "base/alloc.h"

/* Sparse tensors are a type that models may declare; nothing at run time holds one. */
typedef enum orti_value_type {
    ORTI_TYPE_TENSOR,
    ORTI_TYPE_SEQUENCE,
    ORTI_TYPE_OPTIONAL,
    ORTI_TYPE_MAP,
    ORTI_TYPE_SPARSE
} orti_value_type;

/* The head of everything a run hands around: an orti_tensor begins with it, so a tensor is a datum as it stands. */
typedef struct orti_datum {
    const orti_allocator *alloc;
    _Atomic uint32_t ref_count;
    orti_value_type type;
} orti_datum;

/* What holds others. A sequence: its elements. An optional: none or one. A map: two, a tensor of keys [n] (integers or
 * strings) and what they map to: a tensor [n], or a sequence of n. */
typedef struct orti_list {
    orti_datum datum;
    uint32_t count;
    orti_datum *items[];
} orti_list;

struct orti_tensor;

orti_datum *orti_datum_retain(orti_datum *datum);
void orti_datum_release(orti_datum *datum); /* takes NULL */
/* The tensor or the list that a datum is; NULL when it is the other, or NULL. */
struct orti_tensor *orti_datum_tensor(orti_datum *datum);
orti_list *orti_datum_list(orti_datum *datum);

/* Retains the items. INVALID_ARGUMENT: not a type that holds others, an item is NULL, more than one for an optional, a
 * map that is not as said above. */
ORT_MUST_USE ort_status *orti_list_create(const orti_allocator *alloc, orti_value_type type, orti_datum *const *items,
                                          uint32_t count, orti_list **out);
/* "sequence", "optional" ...; static. */
const char *orti_value_type_name(orti_value_type type);

#endif
