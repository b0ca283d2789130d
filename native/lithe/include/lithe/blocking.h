#ifndef LITHE_BLOCKING_H
#define LITHE_BLOCKING_H

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "lithe/context.h"
#include "lithe/export.h"

LITHE_BEGIN_DECLS

/* Calls that block in the kernel. A context that makes one on a hart takes the hart along; these hand it on first.
 *
 * Between begin and end the caller runs without a hart, on its own kernel thread (a context is a thread whose kernel
 * thread otherwise sleeps): same stack, same thread_local objects, same pthread_self. Its scheduler has had its
 * context_block callback, and context_unblock follows at the end. Each costs about one futex wake, so it pays for calls
 * that block for tens of microseconds or more. */

/* This context is about to block: its hart goes on without it. May be nested; the outermost pair counts. In between
 * lithe_sched_self is NULL, lithe_hart_self is -1, and synchronisation works as in a plain thread.
 * Callable from: contexts and guests; without a hart it does nothing. Errors: LITHE_EPERM from a callback. */
LITHE_API int lithe_blocking_begin(void);

/* Waits for a hart of the scheduler that the context was in, and goes on there, perhaps on another hart. errno is kept.
 * Errors: LITHE_EPERM on a hart, without a begin. Does nothing where begin did nothing. */
LITHE_API int lithe_blocking_end(void);

/* call(arg) between begin and end. Must return normally. Errors: as lithe_blocking_begin; it has not been called then. */
LITHE_API int lithe_blocking_call(void (*call)(void *), void *arg);

/* read, write, recv, send, accept4, connect and poll that never hold a hart while they block: what can be done at once
 * is done at once, the rest in a blocking section. Arguments, results and errno are those of the system's call of the
 * same name. Callable from: contexts, guests, plain threads. */
LITHE_API ssize_t lithe_read(int fd, void *buffer, size_t size);
LITHE_API ssize_t lithe_write(int fd, const void *buffer, size_t size);
LITHE_API ssize_t lithe_recv(int socket, void *buffer, size_t size, int flags);
LITHE_API ssize_t lithe_send(int socket, const void *buffer, size_t size, int flags);
LITHE_API int lithe_accept(int socket, struct sockaddr *address, socklen_t *length, int flags);
LITHE_API int lithe_connect(int socket, const struct sockaddr *address, socklen_t length);
LITHE_API int lithe_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

LITHE_END_DECLS

#endif
