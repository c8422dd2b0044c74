//! From the loader to Rust: the PVH note, the 32-bit entry, page tables, long mode.
//!
//! PVH starts a machine in protected mode without paging; `ebx` holds the address of the start
//! info. The first 3 GiB are mapped to themselves in pages of 2 MiB. There is no interrupt table: a
//! fault is a triple fault, which ends the machine.

/// Memory that is mapped.
pub(crate) const MAPPED: u64 = 3 << 30;

core::arch::global_asm!(
    r#"
    .section .note.pvh, "a", @note
    .balign 4
    .long 4                         # length of the name
    .long 8                         # length of the address
    .long 18                        # XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad pvh_start

    .section .text.entry, "ax", @progbits
    .code32
    .globl pvh_start
pvh_start:
    cli
    cld
    movl $stack_top, %esp
    movl %ebx, %edi
    movl $tables + 0x1003, tables   # level 4 -> level 3
    movl $tables + 0x2003, %eax     # level 3 -> three of level 2
    movl $tables + 0x1000, %edx
    movl $3, %ecx
1:  movl %eax, (%edx)
    addl $0x1000, %eax
    addl $8, %edx
    loop 1b
    movl $0x83, %eax                # present, writable, 2 MiB
    movl $tables + 0x2000, %edx
    movl $3 * 512, %ecx
1:  movl %eax, (%edx)
    addl $0x200000, %eax
    addl $8, %edx
    loop 1b
    movl $0x620, %eax               # CR4: PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl $tables, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx          # EFER: long mode
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80010033, %eax          # CR0: PG, WP, NE, ET, MP, PE
    movl %eax, %cr0
    lgdt descriptors
    ljmp $8, $1f
    .code64
1:  movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %edi, %edi
    xorl %ebp, %ebp
    call isomon_guest
    ud2

    .section .rodata.entry, "a", @progbits
    .balign 8
segments:
    .quad 0
    .quad 0x00af9b000000ffff        # code, 64 bits
    .quad 0x00cf93000000ffff        # data
descriptors:
    .short descriptors - segments - 1
    .long segments

    .section .bss.entry, "aw", @nobits
    .balign 4096
tables:
    .skip 5 * 4096
    .skip 16384
stack_top:
    .text
    "#,
    options(att_syntax)
);
