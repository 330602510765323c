/* run/values.h: operators on sequences, optionals and maps: functions of whole values, for the table in operators.c.
 * inputs: as many as the node has, NULL where left out. outputs: a reference each. */
#ifndef ORT_CORE_RUN_VALUES_H
#define ORT_CORE_RUN_VALUES_H

#include "graph/graph.h"

/* ---- sequences.c ---- */
ort_status *orti_sequence_empty_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_sequence_construct_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_sequence_insert_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_sequence_erase_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_sequence_at_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_sequence_length_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_split_to_sequence_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_concat_from_sequence_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_optional_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_optional_get_element_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_optional_has_element_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_identity_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
/* The sequence with one more item behind. */
ort_status *orti_sequence_add(orti_datum *sequence, orti_datum *item, orti_datum **out);
/* ---- maps.c ---- */
ort_status *orti_zip_map_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_dict_vectorizer_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);
ort_status *orti_cast_map_run(const orti_node *node, orti_datum *const *inputs, orti_datum **outputs);

#endif
