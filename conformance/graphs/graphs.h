/* graphs/graphs.h: graphs and models, cut in many ways.  Front door for level 4; those of levels 5 and 6 are
 * ortc_fault_checks() and ortc_speed_checks() of suite/suite.h.  Used by: suite's program. */
#ifndef ORTC_GRAPHS_GRAPHS_H
#define ORTC_GRAPHS_GRAPHS_H

#include "suite/suite.h"

/* Judges a folder in ONNX backend layout: whole and in pieces, with passes and without, on one thread and on several,
 * with sizes fixed and free. Every way must give what the files say. Tolerances: case.json, or inputs.json by output.
 */
void ortc_graph_run(ortc_context *context);
/* L4 without files: drawn.c */
ortc_checks ortc_graph_checks(void);

#endif
