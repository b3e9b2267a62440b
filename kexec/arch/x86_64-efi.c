/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EFI for the next kernel, so that runtime services (efivars, reboot, time)
 * keep working.  The firmware allows SetVirtualAddressMap() once per boot, so
 * the next kernel must use the virtual addresses that the first one chose:
 *
 *	boot_params.efi_info	where the system table and the memory map are
 *	EFI memory map		the runtime regions with those virtual addresses
 *	SETUP_EFI		what SetVirtualAddressMap() made unreadable in the
 *				system table: physical vendor and table pointers
 *
 * arch/x86/platform/efi/{efi,quirks}.c read these, setup_efi_state() in
 * arch/x86/kernel/kexec-bzimage64.c is the kernel's own writer; layouts from
 * arch/x86/include/uapi/asm/bootparam.h (struct efi_info), asm/efi.h (struct
 * efi_setup_data) and the UEFI specification 2.10, 7.2 (EFI_MEMORY_DESCRIPTOR).
 * Called by x86_64-boot-params.c.
 */
#include "x86_64.h"

#define EFI64_SIGNATURE		0x34364c45u	/* "EL64" */
/* Firmware's usual stride; 40 bytes are defined, readers go by the stride. */
#define DESCRIPTOR_LEN		48u
#define DESCRIPTOR_VERSION	1u

/* struct efi_info */
#define INFO_SIGNATURE		(BP_EFI_INFO + 0x00)
#define INFO_SYSTAB		(BP_EFI_INFO + 0x04)
#define INFO_MEMDESC_SIZE	(BP_EFI_INFO + 0x08)
#define INFO_MEMDESC_VERSION	(BP_EFI_INFO + 0x0c)
#define INFO_MEMMAP		(BP_EFI_INFO + 0x10)
#define INFO_MEMMAP_SIZE	(BP_EFI_INFO + 0x14)
#define INFO_SYSTAB_HI		(BP_EFI_INFO + 0x18)
#define INFO_MEMMAP_HI		(BP_EFI_INFO + 0x1c)

/* struct efi_setup_data */
#define DATA_FW_VENDOR		0
#define DATA_TABLES		16
#define DATA_SMBIOS		24

/* Why EFI is not handed on; NULL if it is. */
static const char *refuses(const struct kx_plan *p, const struct x86_kernel *k)
{
	const struct kx_x86_facts *f = &p->sources->x86;
	uint32_t version;

	if (p->request->x86.noefi)
		return "--noefi was given";
	if (!k->efi_kexec)
		return "the next kernel does not say that it supports it (XLF_EFI_KEXEC)";
	if (!f->efi64)
		return "the firmware is not 64-bit";
	if (!f->runtime_count)
		return "/sys/firmware/efi/runtime-map is missing or unreadable";
	if (!f->fw_vendor.known || !f->config_table.known)
		return "/sys/firmware/efi/fw_vendor or config_table is missing or unreadable";
	if (!f->efi_systab.known)
		return "/sys/kernel/boot_params/data is missing, and with it the system table";
	if (kx_bytes_le32(f->boot_params, INFO_MEMDESC_VERSION, &version) &&
	    version != DESCRIPTOR_VERSION)
		return "the firmware's memory descriptors are not of version 1";
	return NULL;
}

size_t kx_x86_efi_map_len(struct kx_plan *p, const struct x86_kernel *k)
{
	const char *why;

	if (!p->sources->x86.efi)
		return 0;
	why = refuses(p, k);
	if (why) {
		kx_plan_note(p, "efi: no runtime services for the next kernel: %s", why);
		return 0;
	}
	return p->sources->x86.runtime_count * DESCRIPTOR_LEN;
}

static void fill_descriptor(const struct kx_efi_region *r, uint8_t *at)
{
	kx_put_le32(at, r->type);
	kx_put_le64(at + 8, r->pa);
	kx_put_le64(at + 16, r->va);
	kx_put_le64(at + 24, r->pages);
	kx_put_le64(at + 32, r->attribute);
}

void kx_x86_efi_fill(const struct kx_sources *src, uint8_t *bp, uint8_t *map, uint64_t map_pa,
		     uint8_t *data)
{
	const struct kx_x86_facts *f = &src->x86;

	kx_put_le32(bp + INFO_SIGNATURE, EFI64_SIGNATURE);
	kx_put_le32(bp + INFO_SYSTAB, (uint32_t)f->efi_systab.value);
	kx_put_le32(bp + INFO_SYSTAB_HI, (uint32_t)(f->efi_systab.value >> 32));
	kx_put_le32(bp + INFO_MEMDESC_SIZE, DESCRIPTOR_LEN);
	kx_put_le32(bp + INFO_MEMDESC_VERSION, DESCRIPTOR_VERSION);
	kx_put_le32(bp + INFO_MEMMAP, (uint32_t)map_pa);
	kx_put_le32(bp + INFO_MEMMAP_HI, (uint32_t)(map_pa >> 32));
	kx_put_le32(bp + INFO_MEMMAP_SIZE, (uint32_t)(f->runtime_count * DESCRIPTOR_LEN));
	for (size_t i = 0; i < f->runtime_count; i++)
		fill_descriptor(&f->runtime[i], map + i * DESCRIPTOR_LEN);

	kx_put_le64(data + DATA_FW_VENDOR, f->fw_vendor.value);
	kx_put_le64(data + DATA_TABLES, f->config_table.value);
	/* 0: the next kernel keeps the configuration table's own pointer. */
	if (f->smbios.known)
		kx_put_le64(data + DATA_SMBIOS, f->smbios.value);
}
