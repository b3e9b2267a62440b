/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a file's bytes to something a CPU can enter.
 *
 * A file is peeled (container.h) until a format recognises what is left.
 * Formats are pure: bytes in, a struct kx_image out, views into the same bytes.
 */
#ifndef KX_IMAGE_H
#define KX_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"

enum kx_machine {
	KX_MACHINE_ARM64,
	KX_MACHINE_X86_64,
	KX_MACHINE_COUNT,
};

const char *kx_machine_name(enum kx_machine m);		/* "arm64", "x86_64" */

/* ---- formats ---------------------------------------------------------- */

/* arm64 Image: Documentation/arch/arm64/booting.rst, "Call the kernel image". */
struct kx_arm64_image {
	uint64_t text_offset;
	uint64_t image_size;	/* bytes free at the load address; never 0 here */
	uint64_t flags;		/* bit 0 big-endian, 1-2 page size, 3 anywhere */
	bool old_header;	/* image_size was 0: before 3.17 */
};

/* x86 bzImage: Documentation/arch/x86/boot.rst, real-mode header at 0x1f1. */
struct kx_bzimage {
	struct kx_bytes setup;	/* boot sector + setup code */
	struct kx_bytes kernel;	/* protected-mode code, loaded at its address */
	uint16_t version;	/* protocol, 0x020f = 2.15 */
	uint8_t loadflags;
	uint16_t xloadflags;	/* XLF_* (0 before 2.12) */
	uint32_t kernel_alignment;
	bool relocatable;
	uint64_t pref_address;
	uint32_t init_size;
	uint32_t cmdline_size;	/* without the terminating 0 */
	uint32_t initrd_addr_max;
};

#define KX_XLF_KERNEL_64		(1u << 0)
#define KX_XLF_CAN_BE_LOADED_ABOVE_4G	(1u << 1)
#define KX_XLF_EFI_KEXEC		(1u << 4)
#define KX_XLF_5LEVEL			(1u << 5)
#define KX_XLF_5LEVEL_ENABLED		(1u << 6)

/* ELF64 executable: only what loading needs. */
struct kx_elf_load {
	uint64_t va, pa;
	uint64_t mem_len;	/* >= bytes.len */
	struct kx_bytes bytes;
};

struct kx_elf {
	uint16_t machine;	/* EM_X86_64 62, EM_AARCH64 183 */
	uint64_t entry;
	struct kx_elf_load *load;	/* PT_LOADs in file order; arena */
	size_t load_count;
	/* arm64 vmlinux: the Image header found at the lowest PT_LOAD. */
	bool has_arm64_header;
	struct kx_arm64_image arm64;
};

struct kx_format;

#define KX_RELEASE_LEN	65	/* __NEW_UTS_LEN + 1 */

struct kx_image {
	const struct kx_format *format;
	enum kx_machine machine;
	char release[KX_RELEASE_LEN];	/* uname -r; "": the file does not tell */
	struct kx_bytes bytes;		/* the whole image */
	union {
		struct kx_arm64_image arm64;
		struct kx_bzimage bzimage;
		struct kx_elf elf;
	};
};

enum kx_format_id {
	KX_FORMAT_ARM64_IMAGE,
	KX_FORMAT_BZIMAGE,
	KX_FORMAT_ELF,
};

struct kx_format {
	enum kx_format_id id;
	const char *name;	/* for messages: "arm64 Image", "bzImage", "ELF" */
	/* names that -t TYPE knows this by, NULL-terminated; table 2.1 of upstream */
	const char *const *type_names;
	bool (*probe)(struct kx_bytes b);
	/*
	 * -ENOEXEC: malformed, with field, wanted and found; -EOPNOTSUPP:
	 * another machine or an ancient protocol; -ENOMEM
	 */
	int (*parse)(struct kx_bytes b, struct kx_arena *a, struct kx_image *ret,
		     struct kx_err *err);
};

/* NULL-terminated table of every format, in probe order (format/table.c). */
extern const struct kx_format *const kx_formats[];

/*
 * Recognise and parse @b.  -ENOEXEC when no format takes it ("not a kernel
 * image: …first bytes…") or the one that does finds it unsound,
 * -EOPNOTSUPP for a kernel we cannot enter, -ENOMEM; all with the format's name.
 */
KX_CHECKED int kx_image_parse(struct kx_bytes b, struct kx_arena *a, struct kx_image *ret,
			      struct kx_err *err);

/* ---- containers ------------------------------------------------------- */

#define KX_PEEL_MAX	4

/* What is inside a file, once every wrapper is off. */
struct kx_payload {
	struct kx_bytes kernel;
	/* What a UKI brings along; empty when absent. Later layers win. */
	struct kx_bytes initrd;
	struct kx_bytes cmdline;	/* no NUL, no trailing newline */
	struct kx_bytes dtb;
	const char *layer[KX_PEEL_MAX];	/* container names, outermost first */
	size_t layer_count;
};

struct kx_container {
	const char *name;		/* "gzip", "xz", "lzma", "zstd", "lz4", "vmlinuz", "uki", "uImage" */
	bool (*probe)(struct kx_bytes b);
	/* Set ret->kernel to the inside (arena or view), and side files if any. */
	int (*peel)(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		    struct kx_err *err);
};

extern const struct kx_container *const kx_containers[];

/* Decompressed output is never larger than this (a bomb is refused). */
#define KX_PEEL_OUTPUT_MAX	(1ULL << 30)

/*
 * Take wrappers off @file until none is recognised, at most KX_PEEL_MAX deep.
 * With no wrapper ret->kernel is @file.  Packed inputs that live in @a and are
 * no longer needed are released.  -ENOEXEC (malformed, too deep, too large),
 * -ENOMEM, -EOPNOTSUPP (a codec this build lacks), -EBADMSG (uImage checksum).
 */
KX_CHECKED int kx_container_peel(struct kx_bytes file, struct kx_arena *a,
				 struct kx_payload *ret, struct kx_err *err);

#endif
