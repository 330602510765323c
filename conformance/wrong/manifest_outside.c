/* Nothing is wrong with the library: its manifest names one outside of its folder. */
#include "wrong.h"

void ortc_wrong_spoil(void) {}
