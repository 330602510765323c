/* base/lock.h: a mutex and a condition, without the operating system's names.
 * Start at: orti_lock_init().  Used by: providers and rooms above.  Threads: any. */
#ifndef ORT_CORE_BASE_LOCK_H
#define ORT_CORE_BASE_LOCK_H

#include "base/status.h"

/* Storage of the system's own objects; not copied or moved once initialised. */
typedef struct orti_lock {
    _Alignas(16) unsigned char bytes[64];
} orti_lock;
typedef struct orti_condition {
    _Alignas(16) unsigned char bytes[64];
} orti_condition;

/* Initialisation of either can't fail on the systems we know. */
void orti_lock_init(orti_lock *lock);
void orti_lock_finish(orti_lock *lock); /* held by nobody */
void orti_lock_take(orti_lock *lock);
void orti_lock_give(orti_lock *lock);

void orti_condition_init(orti_condition *condition);
void orti_condition_finish(orti_condition *condition); /* nobody waits */
/* Gives the lock, waits, takes it again; may wake for nothing: ask in a loop. */
void orti_condition_wait(orti_condition *condition, orti_lock *lock);
void orti_condition_wake_all(orti_condition *condition);

#endif
