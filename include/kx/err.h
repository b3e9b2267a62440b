/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors: a code for programs and a sentence for people.
 *
 * Every fallible function returns 0 or a negative errno value and takes a
 * struct kx_err * last.  The function that finds the fault calls kx_err_set();
 * callers that know more (the path, the segment) call kx_err_wrap(), which puts
 * their words in front: "vmlinuz: bzImage header: expected …, have …".
 * Nothing below main.c prints an error.
 */
#ifndef KX_ERR_H
#define KX_ERR_H

#define KX_CHECKED	__attribute__((warn_unused_result))
#define KX_PRINTF(f, a)	__attribute__((format(printf, f, a)))

#define KX_ERR_TEXT	1024

struct kx_err {
	int code;		/* positive errno; 0 = no error */
	char text[KX_ERR_TEXT];	/* one sentence, no full stop, no newline */
};

/*
 * Codes used across the library:
 *   ENOEXEC     the bytes are not, or not a sound, instance of the format
 *   EINVAL      the request contradicts itself or the machine
 *   EOPNOTSUPP  understood, but not supported (yet, or on this kernel)
 *   ENOSPC      no room in memory for a segment
 *   E2BIG       a limit of the protocol is exceeded (segments, command line)
 *   EBADMSG     a checksum or digest does not match
 *   ENOMEM      the allocator failed
 *   others      as the system call gave them
 */

/* Record @code and the sentence; returns -@code.  @err may be NULL. */
int kx_err_set(struct kx_err *err, int code, const char *fmt, ...) KX_PRINTF(3, 4);

/* Prefix "<fmt>: " to the sentence; returns -err->code (-EIO if @err is NULL). */
int kx_err_wrap(struct kx_err *err, const char *fmt, ...) KX_PRINTF(2, 3);

#endif
