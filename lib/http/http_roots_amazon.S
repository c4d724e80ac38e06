/* Public certificates as they stand in the file, and how many bytes they are: for http_roots.c. */
    .section .rodata.http_roots_amazon, "a", @progbits
    .global http_roots_amazon
    .global http_roots_amazon_size
    .type http_roots_amazon, @object
    .type http_roots_amazon_size, @object
    .balign 4
http_roots_amazon_size:
    .long .Lend - http_roots_amazon
http_roots_amazon:
    .incbin "layers/certs/amazon-roots.pem"
.Lend:
    .size http_roots_amazon_size, 4
    .size http_roots_amazon, .Lend - http_roots_amazon
    .section .note.GNU-stack, "", @progbits
