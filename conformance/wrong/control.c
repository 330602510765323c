/* Nothing is ortc_wrong. */
#include "wrong.h"

void ortc_wrong_spoil(void) {}
