/* Nothing is wrong with the library: its manifest has no version. */
#include "wrong.h"

void ortc_wrong_spoil(void) {}
