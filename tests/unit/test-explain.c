/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every refusal of the kernel and the sentence that explains it.
 */
#include <errno.h>

#include "../../kexec/sys/kmsg.h"
#include "kx/arch.h"
#include "kx/explain.h"
#include "kx/uapi.h"
#include "test.h"

/* A plan of two segments that breaks no rule, on a machine of 1 GiB. */
struct fixture {
	struct kx_arch arch;
	struct kx_format format;
	struct kx_request request;
	struct kx_sources sources;
	struct kx_hole hole[2];
	struct kx_plan plan;
	struct kx_err err;
};

static void begin(struct fixture *f, enum kx_machine machine)
{
	static const uint8_t bytes[0x3000];

	memset(f, 0, sizeof(*f));
	f->arch = (struct kx_arch){ .name = kx_machine_name(machine), .cmdline_max = 2048 };
	f->format = (struct kx_format){ .id = KX_FORMAT_ELF, .name = "ELF" };
	f->request.mem_max = UINT64_MAX;
	f->sources = (struct kx_sources){
		.machine = machine,
		.page_size = 0x1000,
		.total_ram = 0x40000000,
		.free_ram = 0x1000000,
		.has_cap_boot = true,
		.config_kexec = -1,
		.config_kexec_file = -1,
		.config_kexec_sig_force = -1,
	};
	f->hole[0] = (struct kx_hole){ { 0x1000000, 0x40000000 }, false };
	f->plan = (struct kx_plan){
		.arch = &f->arch,
		.request = &f->request,
		.sources = &f->sources,
		.format = &f->format,
		.cmdline = "quiet",
		.initrd_fd = -1,
		.initrd = { bytes, 0x2000 },
		.file_kernel = { bytes, 0x3000 },
		.call = KX_CALL_LOAD,
		.entry = 0x1000000,
		.flags = KX_ARCH_X86_64,
		.segment_count = 2,
		.usable = { .v = f->hole, .n = 1, .cap = 1 },
	};
	f->plan.segment[0] = (struct kx_segment){
		.name = "kernel", .buf = { bytes, 0x3000 }, .range = { 0x1000000, 0x2000000 },
	};
	f->plan.segment[1] = (struct kx_segment){
		.name = "initrd", .buf = { bytes, 0x2000 }, .range = { 0x3000000, 0x3002000 },
	};
}

static void expect(struct fixture *f, enum kx_call call, int code, const char *sentence)
{
	CHECK(kx_explain_load(&f->plan, call, code, "", &f->err) == -code);
	CHECK(f->err.code == code);
	CHECK_STR(f->err.text, sentence);
}

static void test_eperm(void)
{
	struct fixture f;

	begin(&f, KX_MACHINE_X86_64);
	expect(&f, KX_CALL_LOAD, EPERM, "kexec_load refused: Operation not permitted (EPERM): a"
	       " security module forbids it, or CAP_SYS_BOOT is only held inside a container");
	f.sources.lockdown = KX_LOCKDOWN_INTEGRITY;
	expect(&f, KX_CALL_LOAD, EPERM, "kexec_load refused: Operation not permitted (EPERM):"
	       " kernel lockdown is 'integrity', which forbids kexec_load (use -s with a signed kernel)");
	expect(&f, KX_CALL_FILE, EPERM, "kexec_file_load refused: Operation not permitted (EPERM):"
	       " kernel lockdown is 'integrity': only a kernel signed with a key that the running one trusts is taken");
	f.sources.lockdown = KX_LOCKDOWN_CONFIDENTIALITY;
	f.sources.config_kexec_file = 0;
	expect(&f, KX_CALL_LOAD, EPERM, "kexec_load refused: Operation not permitted (EPERM):"
	       " kernel lockdown is 'confidentiality', which forbids kexec_load, and this kernel"
	       " has no kexec_file_load (CONFIG_KEXEC_FILE is off)");
	expect(&f, KX_CALL_FILE, ENOSYS, "kexec_file_load refused: Function not implemented"
	       " (ENOSYS): this kernel is built without CONFIG_KEXEC_FILE, and its lockdown"
	       " forbids kexec_load");
	f.sources.limit_reboot = (struct kx_opt_u64){ true, 0 };
	expect(&f, KX_CALL_LOAD, EPERM, "kexec_load refused: Operation not permitted (EPERM): the"
	       " sysctl kernel.kexec_load_limit_reboot is 0: every load it allowed is used up");
	f.sources.limit_reboot = (struct kx_opt_u64){ true, UINT64_MAX };
	f.sources.limit_panic = (struct kx_opt_u64){ true, 0 };
	f.request.crash = true;
	expect(&f, KX_CALL_LOAD, EPERM, "kexec_load refused: Operation not permitted (EPERM): the"
	       " sysctl kernel.kexec_load_limit_panic is 0: every load it allowed is used up");
	f.sources.load_disabled = (struct kx_opt_u64){ true, 1 };
	expect(&f, KX_CALL_LOAD, EPERM, "kexec_load refused: Operation not permitted (EPERM): the"
	       " sysctl kernel.kexec_load_disabled is 1, until the next boot");
	f.sources.has_cap_boot = false;
	expect(&f, KX_CALL_LOAD, EPERM, "kexec_load refused: Operation not permitted (EPERM): the"
	       " capability CAP_SYS_BOOT is missing (not root?)");
}

static void test_einval_load(void)
{
	struct fixture f;

	begin(&f, KX_MACHINE_X86_64);
	expect(&f, KX_CALL_LOAD, EINVAL, "kexec_load refused: Invalid argument (EINVAL): no rule that"
	       " kexec knows is broken by 2 segments, flags 0x3e0000 and 0x1002000 bytes, where"
	       " half of RAM is 0x20000000");
	f.sources.total_ram = 0x2000000;
	expect(&f, KX_CALL_LOAD, EINVAL, "kexec_load refused: Invalid argument (EINVAL): the segments"
	       " need 0x1002000 bytes, and the kernel loads at most half of RAM, 0x1000000");
	f.sources.total_ram = 0x40000000;
	f.plan.flags |= KX_LOAD_PRESERVE_CONTEXT;
	expect(&f, KX_CALL_LOAD, EINVAL, "kexec_load refused: Invalid argument (EINVAL): this kernel"
	       " cannot be returned to: it is built without CONFIG_KEXEC_JUMP (--context=snapshot"
	       " keeps it in memory)");
	f.plan.flags = KX_ARCH_X86_64 | KX_LOAD_CRASH_HOTPLUG;
	expect(&f, KX_CALL_LOAD, EINVAL, "kexec_load refused: Invalid argument (EINVAL): this kernel"
	       " does not know the crash hotplug flags (it is older than 6.6, or 6.10 on arm64)");
	f.plan.segment[1].range = (struct kx_range){ 0x1fff000, 0x2001000 };
	expect(&f, KX_CALL_LOAD, EINVAL, "kexec_load refused: Invalid argument (EINVAL): kernel"
	       " [0x1000000-0x2000000) and initrd [0x1fff000-0x2001000) overlap");
}

/* The payload, on its way into a reservation of 64 MiB. */
static void test_staging(void)
{
	static const uint8_t bytes[0x3000];
	static const struct {
		int code;
		const char *error;
		uint64_t payload;	/* where it is, if that matters */
	} rows[] = {
		{ EBUSY, "Device or resource busy (EBUSY): another kexec held the kernel's lock for"
			 " half a second", 0 },
		{ EINVAL, "Invalid argument (EINVAL): no rule that kexec knows is broken by 3"
			  " segments of 0x6000 bytes in the crash kernel's reservation"
			  " [0x34000000-0x38000000), where half of RAM is 0x20000000",
			  0x37ffc000 },
		{ EADDRNOTAVAIL, "Cannot assign requested address (EADDRNOTAVAIL): payload"
				 " [0x37fff000-0x38003000) lies outside the crash kernel's"
				 " reservation [0x34000000-0x38000000)", 0x37fff000 },
		{ ENOMEM, "Cannot allocate memory (ENOMEM): the kernel's own pages found no room"
			  " beside 0x6000 bytes in the crash kernel's reservation"
			  " [0x34000000-0x38000000)", 0 },
		{ EPERM, "Operation not permitted (EPERM): the sysctl kernel.kexec_load_limit_panic"
			 " is 0: every load it allowed is used up", 0 },
	};
	struct fixture f;
	char want[300];

	begin(&f, KX_MACHINE_X86_64);
	f.sources.crash[0] = (struct kx_range){ 0x1000000, 0x2000000 };
	f.sources.crash[1] = (struct kx_range){ 0x34000000, 0x38000000 };
	f.sources.crash_count = 2;
	f.sources.limit_panic = (struct kx_opt_u64){ true, 0 };
	f.plan.staged_count = 3;
	for (uint64_t i = 0; i < 2; i++)
		f.plan.staged[i].range = (struct kx_range){ 0x34000000 + i * 0x1000,
							    0x34001000 + i * 0x1000 };
	f.plan.staged_entry = 0x34000000;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f.plan.staged[2] = (struct kx_segment){
			.name = "payload", .buf = { bytes, 0x3000 },
			.range = { rows[i].payload, rows[i].payload + 0x4000 },
		};
		snprintf(want, sizeof(want), "kexec_load (staging) refused: %s", rows[i].error);
		CHECK(kx_explain_stage(&f.plan, rows[i].code, "", &f.err) == -rows[i].code);
		CHECK_STR(f.err.text, want);
	}
}

static void test_einval_file(void)
{
	static char line[3000];
	struct fixture f;

	begin(&f, KX_MACHINE_ARM64);
	expect(&f, KX_CALL_FILE, EINVAL, "kexec_file_load refused: Invalid argument (EINVAL): the"
	       " kernel's own loader does not take this ELF (it wants an Image)");
	f.sources.machine = KX_MACHINE_X86_64;
	expect(&f, KX_CALL_FILE, EINVAL, "kexec_file_load refused: Invalid argument (EINVAL): the"
	       " kernel's own loader does not take this ELF (it wants a bzImage)");
	f.plan.file_flags = KX_FILE_NO_CMA;
	expect(&f, KX_CALL_FILE, EINVAL, "kexec_file_load refused: Invalid argument (EINVAL): this"
	       " kernel does not know --no-cma (it is older than 6.17)");
	f.plan.file_flags |= KX_FILE_FORCE_DTB;
	expect(&f, KX_CALL_FILE, EINVAL, "kexec_file_load refused: Invalid argument (EINVAL): this"
	       " kernel does not know --force-dtb");
	f.sources.total_ram = 0x8000;
	expect(&f, KX_CALL_FILE, EINVAL, "kexec_file_load refused: Invalid argument (EINVAL): kernel"
	       " and initrd have 0x5000 bytes, and the kernel loads at most half of RAM, 0x4000");
	memset(line, 'x', sizeof(line) - 1);
	f.plan.cmdline = line;
	expect(&f, KX_CALL_FILE, EINVAL, "kexec_file_load refused: Invalid argument (EINVAL): the"
	       " command line has 2999 characters, and the kernel takes at most 2047");
}

static void test_address(void)
{
	struct fixture f;

	begin(&f, KX_MACHINE_X86_64);
	expect(&f, KX_CALL_LOAD, EADDRNOTAVAIL, "kexec_load refused: Cannot assign requested address"
	       " (EADDRNOTAVAIL): the kernel cannot reach one of the addresses; its page size is"
	       " taken to be 0x1000");
	expect(&f, KX_CALL_FILE, EADDRNOTAVAIL, "kexec_file_load refused: Cannot assign requested"
	       " address (EADDRNOTAVAIL): the kernel's own loader found no room for the segments"
	       " (-c places them itself)");
	f.sources.crash[0] = (struct kx_range){ 0x1000000, 0x3000000 };
	f.sources.crash_count = 1;
	f.request.crash = true;
	expect(&f, KX_CALL_LOAD, EADDRNOTAVAIL, "kexec_load refused: Cannot assign requested address"
	       " (EADDRNOTAVAIL): initrd [0x3000000-0x3002000) lies outside the crash kernel's"
	       " reservation [0x1000000-0x3000000)");
	f.sources.page_size = 0x10000;
	expect(&f, KX_CALL_LOAD, EADDRNOTAVAIL, "kexec_load refused: Cannot assign requested address"
	       " (EADDRNOTAVAIL): initrd: [0x3000000-0x3002000) is not whole pages of 0x10000"
	       " bytes, the running kernel's");
}

static void test_other(void)
{
	struct fixture f;

	begin(&f, KX_MACHINE_X86_64);
	expect(&f, KX_CALL_LOAD, EBUSY, "kexec_load refused: Device or resource busy (EBUSY): another"
	       " kexec held the kernel's lock for half a second");
	expect(&f, KX_CALL_LOAD, ENOMEM, "kexec_load refused: Cannot allocate memory (ENOMEM): the"
	       " kernel copies 0x1002000 bytes until the jump, and 0x1000000 bytes were available");
	expect(&f, KX_CALL_FILE, ENOMEM, "kexec_file_load refused: Cannot allocate memory (ENOMEM):"
	       " the kernel copies 0x5000 bytes until the jump, and 0x1000000 bytes were available");
	expect(&f, KX_CALL_FILE, ENOEXEC, "kexec_file_load refused: Exec format error (ENOEXEC): the"
	       " kernel's own loader does not know this ELF (-c loads it without that)");
	expect(&f, KX_CALL_LOAD, EFAULT, "kexec_load refused: Bad address");
	expect(&f, KX_CALL_LOAD, ENOSYS, "kexec_load refused: Function not implemented (ENOSYS): this"
	       " kernel is built without CONFIG_KEXEC, or a seccomp filter hides the call");
	f.sources.config_kexec_file = 0;
	expect(&f, KX_CALL_FILE, ENOSYS, "kexec_file_load refused: Function not implemented (ENOSYS):"
	       " this kernel is built without CONFIG_KEXEC_FILE");
	f.sources.config_kexec = 1;
	expect(&f, KX_CALL_LOAD, ENOSYS, "kexec_load refused: Function not implemented (ENOSYS): this"
	       " kernel has CONFIG_KEXEC, so a seccomp filter hides the call");
	f.sources.machine = KX_MACHINE_ARM64;
	expect(&f, KX_CALL_LOAD, EBUSY, "kexec_load refused: Device or resource busy (EBUSY): another"
	       " kexec held the kernel's lock for half a second, or CPUs are stuck in the kernel"
	       " (it cannot take them offline)");
}

static void test_signature(void)
{
	static const struct {
		int code;
		const char *error;
	} rows[] = {
		{ EKEYREJECTED, "Key was rejected by service (EKEYREJECTED): the signature does not"
				" match the file, or its key is not trusted or revoked" },
		{ ENOKEY, "Required key not available (ENOKEY): no key in the kernel's trusted"
			  " keyrings (builtin, secondary, platform) made the signature" },
		{ ENODATA, "No data available (ENODATA): the kernel enforces signatures, and the"
			   " file has none" },
		{ ELIBBAD, "Accessing a corrupted shared library (ELIBBAD): the file is not a"
			   " well-formed signed PE image" },
		{ ENOPKG, "Package not installed (ENOPKG): this kernel lacks an algorithm that the"
			  " signature uses" },
		{ EBADMSG, "Bad message (EBADMSG): the signature in the file is malformed" },
		{ EMSGSIZE, "Message too long (EMSGSIZE): the signature in the file is malformed" },
		{ EKEYREVOKED, "Key has been revoked (EKEYREVOKED): the signature's key is revoked" },
		{ EKEYEXPIRED, "Key has expired (EKEYEXPIRED): the signature's key has expired" },
		{ EACCES, "Permission denied (EACCES): a security policy (IMA or a security module)"
			  " demands a signature that this call or this file lacks" },
		{ ETXTBSY, "Text file busy (ETXTBSY): another process has the file open for writing" },
		{ EFBIG, "File too large (EFBIG): the file is larger than the kernel reads" },
		{ EOPNOTSUPP, "Operation not supported (EOPNOTSUPP): the kernel's own loader cannot"
			      " do this here (-c loads without it)" },
	};
	struct fixture f;
	char want[300];

	begin(&f, KX_MACHINE_X86_64);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(want, sizeof(want), "kexec_file_load refused: %s", rows[i].error);
		expect(&f, KX_CALL_FILE, rows[i].code, want);
	}
}

static void test_kmsg(void)
{
	struct fixture f;

	begin(&f, KX_MACHINE_ARM64);
	CHECK(kx_explain_load(&f.plan, KX_CALL_FILE, ENODATA, "PEFILE: Unsigned PE binary",
			      &f.err) == -ENODATA);
	CHECK_STR(f.err.text, "kexec_file_load refused: No data available (ENODATA): the kernel"
		  " enforces signatures, and the file has none; the kernel says: 'PEFILE: Unsigned"
		  " PE binary'");
	CHECK(kx_explain_load(&f.plan, KX_CALL_LOAD, EIO, "kexec: odd", &f.err) == -EIO);
	CHECK_STR(f.err.text, "kexec_load refused: Input/output error; the kernel says: 'kexec: odd'");
	CHECK(kx_explain_load(&f.plan, KX_CALL_LOAD, EIO, "", NULL) == -EIO);
	/* Lockdown that only the log shows. */
	CHECK(kx_explain_load(&f.plan, KX_CALL_LOAD, EPERM, "Lockdown: kexec: kexec of unsigned"
			      " images is restricted", &f.err) == -EPERM);
	CHECK_STR(f.err.text, "kexec_load refused: Operation not permitted (EPERM): the kernel is"
		  " locked down (its level is not known: securityfs is not mounted); the kernel"
		  " says: 'Lockdown: kexec: kexec of unsigned images is restricted'");
}

static void test_unload(void)
{
	struct fixture f;

	begin(&f, KX_MACHINE_X86_64);
	CHECK(kx_explain_unload(&f.sources, KX_CALL_LOAD, false, ENOMEM, "", &f.err) == -ENOMEM);
	CHECK_STR(f.err.text, "kexec_load (unload) refused: Cannot allocate memory (ENOMEM): the"
		  " kernel is out of memory");
	f.sources.lockdown = KX_LOCKDOWN_INTEGRITY;
	CHECK(kx_explain_unload(&f.sources, KX_CALL_LOAD, true, EPERM, "", &f.err) == -EPERM);
	CHECK_STR(f.err.text, "kexec_load (unload) refused: Operation not permitted (EPERM): kernel"
		  " lockdown is 'integrity', which forbids kexec_load (use -s with a signed kernel)");
	CHECK(kx_explain_unload(&f.sources, KX_CALL_FILE, false, EINVAL, "", &f.err) == -EINVAL);
	CHECK_STR(f.err.text, "kexec_file_load (unload) refused: Invalid argument (EINVAL): the"
		  " kernel does not know one of the flags");
	CHECK(kx_explain_unload(&f.sources, KX_CALL_FILE, false, ENOEXEC, "", &f.err) == -ENOEXEC);
	CHECK_STR(f.err.text, "kexec_file_load (unload) refused: Exec format error (ENOEXEC): the"
		  " kernel took the request for a load");
}

static void test_exec(void)
{
	struct fixture f;

	begin(&f, KX_MACHINE_X86_64);
	CHECK(kx_explain_exec(&f.sources, EINVAL, "", &f.err) == -EINVAL);
	CHECK_STR(f.err.text, "reboot into the loaded kernel refused: Invalid argument (EINVAL): no"
		  " image is loaded, or kexec runs in a PID namespace (a container), where the"
		  " kernel cannot be replaced");
	CHECK(kx_explain_exec(&f.sources, EBUSY, "", &f.err) == -EBUSY);
	CHECK_STR(f.err.text, "reboot into the loaded kernel refused: Device or resource busy"
		  " (EBUSY): another kexec holds the kernel's lock, or a device or task cannot be"
		  " stopped");
	CHECK(kx_explain_exec(&f.sources, EPERM, "", &f.err) == -EPERM);
	CHECK_STR(f.err.text, "reboot into the loaded kernel refused: Operation not permitted"
		  " (EPERM): CAP_SYS_BOOT is only held inside a container");
	f.sources.has_cap_boot = false;
	CHECK(kx_explain_exec(&f.sources, EPERM, "", &f.err) == -EPERM);
	CHECK_STR(f.err.text, "reboot into the loaded kernel refused: Operation not permitted"
		  " (EPERM): the capability CAP_SYS_BOOT is missing (not root?)");
}

/* Records as Documentation/ABI/testing/dev-kmsg shows them. */
static void test_record(void)
{
	static const char *const prefixes[] = { "kexec", "Lockdown", NULL };
	static const struct {
		const char *record;
		const char *text;	/* NULL: no match */
	} rows[] = {
		{ "3,1039,5140900,-;kexec_file: verification failed (-22)\n",
		  "kexec_file: verification failed (-22)" },
		{ "5,2,3,-,caller=T1;Lockdown: kexec: kexec of unsigned images is restricted\n"
		  " SUBSYSTEM=x\n", "Lockdown: kexec: kexec of unsigned images is restricted" },
		{ "5,2,3,-;kexec", "kexec" },
		{ "5,2,3,-;usb 1-1: kexec\n", NULL },
		{ "5,2,3,-;kexe\nkexec", NULL },
		{ "5,2,3,-;", NULL },
		{ "kexec", NULL },
		{ "", NULL },
	};
	char line[KX_KMSG_LINE], long_record[600] = "1,2,3,-;kexec";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strcpy(line, "before");
		CHECK(kx_kmsg_match(rows[i].record, strlen(rows[i].record), prefixes, line) ==
		      !!rows[i].text);
		CHECK_STR(line, rows[i].text ? rows[i].text : "before");
	}
	memset(long_record + 13, 'x', sizeof(long_record) - 13);
	CHECK(kx_kmsg_match(long_record, sizeof(long_record), prefixes, line));
	CHECK_EQ_U64(strlen(line), KX_KMSG_LINE - 1);
	kx_kmsg_since(-1, prefixes, line);
	CHECK_STR(line, "");
}

TEST_MAIN(
	{ "not permitted", test_eperm },
	{ "invalid, kexec_load", test_einval_load },
	{ "staging", test_staging },
	{ "invalid, kexec_file_load", test_einval_file },
	{ "addresses", test_address },
	{ "busy, memory, missing calls", test_other },
	{ "signatures", test_signature },
	{ "with the kernel's words", test_kmsg },
	{ "unload", test_unload },
	{ "exec", test_exec },
	{ "log records", test_record },
)
