/* Nothing is wrong with the library: its manifest tells another id. */
#include "wrong.h"

void ortc_wrong_spoil(void) {}
