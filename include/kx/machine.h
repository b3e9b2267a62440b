/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of a MACHINE note, lines KEY=VALUE (doc/resumable-core.md): what a saved
 * kernel's machine was.  lib/machine.c; sys/machine-note.c writes it.
 */
#ifndef KX_MACHINE_H
#define KX_MACHINE_H

#include <stdbool.h>

#include "kx/bytes.h"

struct kx_machine_line {
	struct kx_bytes key, value;
};

/* The next line of *text that has a '='; *text moves behind it.  false: none. */
bool kx_machine_next(struct kx_bytes *text, struct kx_machine_line *ret);
bool kx_machine_word_is(struct kx_bytes word, const char *s);

/* Of "filesystem=254:1 UUID ext4 rw /" and of a swap: the words of the value. */
#define KX_DISK_WORDS	5
enum { KX_DISK_DEVICE, KX_DISK_UUID, KX_DISK_TYPE, KX_DISK_MODE, KX_DISK_PATH };

/* Is @l such a line?  Then its words. */
bool kx_machine_disk(const struct kx_machine_line *l, struct kx_bytes ret[KX_DISK_WORDS]);
/*
 * Are they the same disk?  Another release may number devices anew: by the UUID, if
 * both have one, else by the number.
 */
bool kx_machine_disk_same(const struct kx_bytes a[KX_DISK_WORDS],
			  const struct kx_bytes b[KX_DISK_WORDS]);

#endif
