/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of the kernel's kexec interface (include/uapi/linux/kexec.h,
 * include/uapi/linux/reboot.h), here so that no kernel header of a certain
 * release is needed and the pure parts of kexec can name them.
 */
#ifndef KX_UAPI_H
#define KX_UAPI_H

/* kexec_load(2), low half of flags; ELF e_machine of the segments above. */
#define KX_LOAD_ON_CRASH		0x1u
#define KX_LOAD_PRESERVE_CONTEXT	0x2u
#define KX_LOAD_UPDATE_ELFCOREHDR	0x4u	/* v6.6 */
#define KX_LOAD_CRASH_HOTPLUG		0x8u	/* v6.10 */

#define KX_ARCH_MASK			0xffff0000u
#define KX_ARCH_X86_64			(62u << 16)
#define KX_ARCH_ARM64			(183u << 16)

/* kexec_file_load(2) */
#define KX_FILE_UNLOAD			0x1u
#define KX_FILE_ON_CRASH		0x2u
#define KX_FILE_NO_INITRAMFS		0x4u
#define KX_FILE_DEBUG			0x8u	/* v6.8 */
#define KX_FILE_NO_CMA			0x10u	/* v6.17 */
#define KX_FILE_FORCE_DTB		0x20u

#endif
