#include "base/lock.h"

#include <pthread.h>

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(orti_lock), "a lock is too small for this system's mutex");
_Static_assert(sizeof(pthread_cond_t) <= sizeof(orti_condition), "a condition is too small for this system's");

static pthread_mutex_t *mutex_of(orti_lock *lock) {
    return (pthread_mutex_t *)(void *)lock->bytes;
}

static pthread_cond_t *cond_of(orti_condition *condition) {
    return (pthread_cond_t *)(void *)condition->bytes;
}

void orti_lock_init(orti_lock *lock) {
    pthread_mutex_init(mutex_of(lock), NULL);
}

void orti_lock_finish(orti_lock *lock) {
    pthread_mutex_destroy(mutex_of(lock));
}

void orti_lock_take(orti_lock *lock) {
    pthread_mutex_lock(mutex_of(lock));
}

void orti_lock_give(orti_lock *lock) {
    pthread_mutex_unlock(mutex_of(lock));
}

void orti_condition_init(orti_condition *condition) {
    pthread_cond_init(cond_of(condition), NULL);
}

void orti_condition_finish(orti_condition *condition) {
    pthread_cond_destroy(cond_of(condition));
}

void orti_condition_wait(orti_condition *condition, orti_lock *lock) {
    pthread_cond_wait(cond_of(condition), mutex_of(lock));
}

void orti_condition_wake_all(orti_condition *condition) {
    pthread_cond_broadcast(cond_of(condition));
}
