//! Small files, as tests build them.

/// A PDF with this text in clear, beside a stream.
pub fn pdf(inside: &str) -> Vec<u8> {
    let text = format!(
        "%PDF-1.7\n1 0 obj\n<< /Type /Catalog {inside} >>\nendobj\n2 0 obj\n<< /Length 5 >>\nstream\n\u{1}/JS \u{2}\nendstream\n\
         endobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    );
    text.into_bytes()
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let chunks = [
        chunk(b"IHDR", &header),
        chunk(b"tEXt", b"IEND"),
        chunk(b"IDAT", b"\x78\x9c"),
        chunk(b"IEND", b""),
    ];
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
}

/// A chunk, without a checksum that is right.
pub fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], name, data, b"\0\0\0\0"].concat()
}

/// A JPEG whose EXIF segment has an image of its own, with an end.
pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let [h1, h0] = height.to_be_bytes();
    let [w1, w0] = width.to_be_bytes();
    [
        b"\xff\xd8".to_vec(),
        segment(0xe1, b"Exif\0\0\xff\xd8\xff\xd9"),
        segment(0xdb, &[0; 65]),
        segment(0xc2, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]),
        segment(0xc4, &[0; 20]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        b"\x12\xff\0\x34\xff\xd0\x56".to_vec(),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        b"\x78".to_vec(),
        b"\xff\xff\xd9".to_vec(),
    ]
    .concat()
}

pub fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}
