/* SPDX-License-Identifier: GPL-2.0-only */
/* kdump/conf*.c: both configuration files, each key, and what is refused. */
#include <errno.h>

#include "../../kdump/conf.h"
#include "test.h"

typedef int parse_fn(struct kx_bytes text, const char *file, bool lenient, struct kx_arena *a,
		     struct conf *ret, struct kx_err *err);

static int parse(parse_fn *f, const char *text, bool lenient, struct kx_arena *a, struct conf *c,
		 struct kx_err *err)
{
	const struct kx_bytes b = { (const uint8_t *)text, strlen(text) };

	*err = (struct kx_err){ 0 };
	return f(b, "F", lenient, a, c, err);
}

static void test_fedora(void)
{
	static const char text[] =
		"# a comment\n\n  path /srv/dumps  # another\n"
		"xfs UUID=1234-abcd\r\n"
		"core_collector makedumpfile -l --message-level 7 -d 17\n"
		"kdump_pre /etc/pre.sh\nkdump_post /etc/post.sh\n"
		"failure_action shell\nfinal_action poweroff\n"
		"sshkey /root/key\nkeep 5\ncapture_timeout 90\n"
		"kernel /k\ninitrd /i\ncmdline_append a b=\"c d\"\ncmdline_remove x y\n"
		"auto_reset_crashkernel yes\nextra_bins /bin/x";
	struct kx_arena a;
	struct kx_err err;
	struct conf c;

	kx_arena_init(&a);
	if (!CHECK(parse(conf_parse, text, false, &a, &c, &err) == 0)) {
		printf("# %s\n", err.text);
		return;
	}
	CHECK_STR(c.file, "F");
	CHECK(c.layout == LAYOUT_FEDORA && c.target == TARGET_DEVICE);
	CHECK_STR(c.path, "/srv/dumps");
	CHECK_STR(c.where, "UUID=1234-abcd");
	CHECK_STR(c.fstype, "xfs");
	CHECK_EQ_U64(c.level, 17);
	CHECK_STR(c.compress, "lzo");
	CHECK_STR(c.pre, "/etc/pre.sh");
	CHECK_STR(c.post, "/etc/post.sh");
	CHECK(c.failure_action == END_SHELL && c.final_action == END_POWEROFF);
	CHECK_STR(c.sshkey, "/root/key");
	CHECK_EQ_U64(c.keep, 5);
	CHECK_EQ_U64(c.capture_timeout, 90);
	CHECK_STR(c.kernel, "/k");
	CHECK_STR(c.initrd, "/i");
	CHECK_STR(c.cmdline_append, "a b=\"c d\"");
	CHECK_STR(c.cmdline_remove, "x y");
	CHECK_EQ_U64(c.remark_count, 2);
	if (c.remark_count == 2) {
		CHECK_EQ_U64(c.remark[0].line, 17);
		CHECK_STR(c.remark[0].text, "auto_reset_crashkernel: kdump never changes the boot"
			  " loader; kdump estimate says what to set");
	}
	kx_arena_deinit(&a);
}

static void test_defaults(void)
{
	struct kx_arena a;
	struct kx_err err;
	struct conf c;

	kx_arena_init(&a);
	CHECK(parse(conf_parse, "", false, &a, &c, &err) == 0);
	CHECK(c.target == TARGET_LOCAL && !c.where && c.dmesg && !c.keep);
	CHECK_STR(c.path, "/var/crash");
	CHECK_EQ_U64(c.level, 31);
	CHECK_STR(c.compress, "zstd");
	CHECK(c.final_action == END_REBOOT && c.failure_action == END_REBOOT);
	CHECK(c.capture_timeout > 0);
	CHECK(parse(conf_debian_parse, "", false, &a, &c, &err) == 0);
	CHECK(c.layout == LAYOUT_DEBIAN && c.host_tag == HOST_NONE && !c.off_line);
	kx_arena_deinit(&a);
}

static void test_debian(void)
{
	static const char text[] =
		"# kdump-tools configuration\nUSE_KDUMP=1\n"
		"  export KDUMP_KERNEL=/var/lib/kdump/vmlinuz # the link\n"
		"KDUMP_INITRD='/var/lib/kdump/initrd.img'\n"
		"KDUMP_COREDIR=\"/var/\"'cra'sh2\nKDUMP_NUM_DUMPS=3\nKDUMP_DUMP_DMESG=0\n"
		"KDUMP_FAIL_CMD=\"reboot -f\"\n#FTP=\"host\"\n"
		"MAKEDUMP_ARGS=\"-c -d 31\"\nKDUMP_KEXEC_ARGS=\"\"\n"
		"KDUMP_CMDLINE_APPEND=\"a \\\"b c\\\" \\\n d\\$\"\n"
		"SSH=\"kdump@server\"\nSSH_KEY=/root/id\nHOSTTAG=hostname\nMY_OWN=x\n";
	struct kx_arena a;
	struct kx_err err;
	struct conf c;

	kx_arena_init(&a);
	if (!CHECK(parse(conf_debian_parse, text, false, &a, &c, &err) == 0)) {
		printf("# %s\n", err.text);
		return;
	}
	CHECK(c.layout == LAYOUT_DEBIAN && c.target == TARGET_SSH && c.host_tag == HOST_NAME);
	CHECK_STR(c.kernel, "/var/lib/kdump/vmlinuz");
	CHECK_STR(c.initrd, "/var/lib/kdump/initrd.img");
	CHECK_STR(c.path, "/var/crash2");
	CHECK_STR(c.where, "kdump@server");
	CHECK_STR(c.sshkey, "/root/id");
	CHECK_EQ_U64(c.keep, 3);
	CHECK(!c.dmesg && !c.kexec_args);
	CHECK_EQ_U64(c.level, 31);
	CHECK_STR(c.compress, "zlib");
	CHECK_STR(c.cmdline_append, "a \"b c\"  d$");
	CHECK_EQ_U64(c.remark_count, 1);
	/* Lines are counted through the joined one. */
	if (c.remark_count == 1)
		CHECK_EQ_U64(c.remark[0].line, 17);
	CHECK(parse(conf_debian_parse, "USE_KDUMP=1\nUSE_KDUMP=0\n", false, &a, &c, &err) == 0 &&
	      c.off_line == 2);
	kx_arena_deinit(&a);
}

static const struct {
	parse_fn *parse;
	const char *text, *want;
} bad[] = {
	{ conf_parse, "\nfoo bar\n", "F:2: expected a key of kdump.conf(5), have 'foo'" },
	{ conf_parse, "path", "F:1: path: expected a value, have none" },
	{ conf_parse, "path # x", "F:1: path: expected a value, have none" },
	{ conf_parse, "path var", "F:1: path: expected a path that begins with /, have 'var'" },
	{ conf_parse, "keep many", "F:1: keep: expected a number, have 'many'" },
	{ conf_parse, "keep 4294967296", "F:1: keep: expected at most 2147483647, have '4294967296'" },
	{ conf_parse, "keep 1\nkeep 2", "F:2: keep: expected it once, line 1 has it already" },
	{ conf_parse, "level 32", "F:1: level: expected a dump level from 0 to 31, have '32'" },
	{ conf_parse, "compress gzip",
	  "F:1: compress: expected none, zlib, lzo, snappy or zstd, have 'gzip'" },
	{ conf_parse, "final_action explode",
	  "F:1: final_action: expected reboot, poweroff, halt, shell or none, have 'explode'" },
	{ conf_parse, "raw sdb", "F:1: raw: expected a device below /dev, have 'sdb'" },
	{ conf_parse, "ext4 UUID=", "F:1: ext4: expected a device below /dev, UUID=, LABEL=,"
	  " PARTUUID= or PARTLABEL=, have 'UUID='" },
	{ conf_parse, "nfs server", "F:1: nfs: expected SERVER:/DIRECTORY, have 'server'" },
	{ conf_parse, "ssh server", "F:1: ssh: expected USER@HOST, have 'server'" },
	/* neither an option of ssh nor a command */
	{ conf_parse, "ssh -oProxyCommand=x@y",
	  "F:1: ssh: expected USER@HOST, have '-oProxyCommand=x@y'" },
	{ conf_parse, "ssh a@b;c", "F:1: ssh: expected USER@HOST, have 'a@b;c'" },
	{ conf_parse, "nfs a:/b c", "F:1: nfs: expected SERVER:/DIRECTORY, have 'a:/b c'" },
	{ conf_parse, "ssh a@b\nnfs c:/d",
	  "F:2: nfs: expected one target, line 1 has 'a@b' already" },
	{ conf_parse, "core_collector makedumpfile -d",
	  "F:1: core_collector: expected a dump level behind -d, have none" },
	{ conf_parse, "core_collector makedumpfile -d x",
	  "F:1: core_collector: expected a dump level from 0 to 31, have 'x'" },
	{ conf_parse, "path /a\001b", "F:1: expected text, have a byte 0x01" },
	{ conf_debian_parse, "FOO", "F:1: expected KEY=VALUE: this file is read, not run by a shell" },
	{ conf_debian_parse, "A = b", "F:1: expected KEY=VALUE: this file is read, not run by a shell" },
	{ conf_debian_parse, "1A=b", "F:1: expected KEY=VALUE: this file is read, not run by a shell" },
	{ conf_debian_parse, "rm -rf /",
	  "F:1: expected KEY=VALUE: this file is read, not run by a shell" },
	{ conf_debian_parse, "A=$(reboot)",
	  "F:1: A: expected text, have '$': this file is read, not run by a shell" },
	{ conf_debian_parse, "\nA=\"`id`\"",
	  "F:2: A: expected text between quotes, have '`': this file is read, not run by a shell" },
	{ conf_debian_parse, "A=a;reboot",
	  "F:1: A: expected text, have ';': this file is read, not run by a shell" },
	{ conf_debian_parse, "A=a reboot",
	  "F:1: A: expected the end of the line behind the value, have 'r'" },
	{ conf_debian_parse, "A=\"a", "F:1: A: expected a closing \", have the end of the file" },
	{ conf_debian_parse, "A='a\nB=c'", "F:1: A: expected a closing ', have the end of the line" },
	{ conf_debian_parse, "USE_KDUMP=yes", "F:1: USE_KDUMP: expected 0 or 1, have 'yes'" },
	{ conf_debian_parse, "HOSTTAG=mac", "F:1: HOSTTAG: expected ip or hostname, have 'mac'" },
	{ conf_debian_parse, "NFS_TIMEO=6,exec", "F:1: NFS_TIMEO: expected a number, have '6,exec'" },
	{ conf_debian_parse, "SSH=a@b\nNFS=c:/d",
	  "F:2: NFS: expected one target, line 1 has 'a@b' already" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf c = { .file = "untouched" };
		struct kx_arena a;
		struct kx_err err;

		kx_arena_init(&a);
		CHECK(parse(bad[i].parse, bad[i].text, false, &a, &c, &err) == -EINVAL);
		CHECK_STR(err.text, bad[i].want);
		CHECK_STR(c.file, "untouched");
		/* In a capture the rest of the file counts. */
		CHECK(parse(bad[i].parse, bad[i].text, true, &a, &c, &err) == 0);
		CHECK(c.remark_count >= 1);
		kx_arena_deinit(&a);
	}
}

static void test_lenient(void)
{
	struct kx_arena a;
	struct kx_err err;
	struct conf c;

	kx_arena_init(&a);
	CHECK(parse(conf_parse, "bogus\nlevel 99\npath /x\n", true, &a, &c, &err) == 0);
	CHECK_STR(c.path, "/x");
	CHECK_EQ_U64(c.level, 31);
	if (CHECK(c.remark_count == 2))
		CHECK_STR(c.remark[1].text,
			  "left out: level: expected a dump level from 0 to 31, have '99'");
	kx_arena_deinit(&a);
}

static const struct {
	const char *args;
	unsigned int level;
	const char *compress;
	size_t remarks;
} collectors[] = {
	{ "makedumpfile -l --message-level 7 -d 31", 31, "lzo", 0 },
	{ "/usr/sbin/makedumpfile -c -d 1", 1, "zlib", 0 },
	{ "vmcore-dump -z -d31", 31, "zstd", 0 },
	{ "makedumpfile -p --num-threads=4 -d 31,1", 31, "snappy", 0 },
	{ "makedumpfile", 0, "none", 0 },
	{ "makedumpfile -F --message-level=1 -z", 0, "zstd", 0 },
	{ "makedumpfile -d 3 --bogus", 3, "none", 1 },
	/* not ours: what we do ourselves stays */
	{ "dd bs=1M", 31, "zstd", 1 },
};

static void test_collectors(void)
{
	for (size_t i = 0; i < sizeof(collectors) / sizeof(collectors[0]); i++) {
		struct kx_arena a;
		struct kx_err err;
		struct conf c;
		char text[128];

		kx_arena_init(&a);
		snprintf(text, sizeof(text), "core_collector %s\n", collectors[i].args);
		if (CHECK(parse(conf_parse, text, false, &a, &c, &err) == 0)) {
			CHECK_EQ_U64(c.level, collectors[i].level);
			CHECK_STR(c.compress, collectors[i].compress);
			CHECK_EQ_U64(c.remark_count, collectors[i].remarks);
		}
		kx_arena_deinit(&a);
	}
}

TEST_MAIN({ "kdump.conf", test_fedora }, { "defaults", test_defaults },
	  { "kdump-tools", test_debian }, { "what is refused", test_bad },
	  { "lenient", test_lenient }, { "collectors", test_collectors })
