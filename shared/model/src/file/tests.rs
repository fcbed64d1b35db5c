//! Whole files of each type, damaged ones, large images and PDFs that act.

use proptest::prelude::*;

use super::samples::{chunk, jpeg, pdf, png, segment};
use super::{FileFlaw, JPEG, MAX_SIDE, PDF, PNG, check};

#[test]
fn a_file_is_what_its_own_bytes_say() {
    assert_eq!(check(&pdf("")), Ok(PDF));
    assert_eq!(check(b"%PDF-2.0\n%%EOF"), Ok(PDF));
    assert_eq!(check(&png(640, 480)), Ok(PNG));
    assert_eq!(check(&jpeg(640, 480)), Ok(JPEG));
    for other in [
        &b"<svg>"[..],
        b"PK\x03\x04",
        b"",
        b"<html>%PDF-1.4%%EOF",
        b"GIF89a",
        b"%PD",
        b"\xff\xd8",
    ] {
        assert_eq!(check(other), Err(FileFlaw::UnknownType));
    }
}

#[test]
fn a_byte_order_mark_and_white_space_may_stand_before_a_pdf() {
    let blank = |length| " ".repeat(length).into_bytes();
    for (before, is_pdf) in [
        (b"\xef\xbb\xbf".to_vec(), true),
        (b"\r\n".to_vec(), true),
        (b"\xef\xbb\xbf\r\n\0\t\x0c \n".to_vec(), true),
        (blank(1_019), true),
        (blank(1_020), false),
        (blank(2_000), false),
        (b"\xef\xbb\xbf\xef\xbb\xbf".to_vec(), false),
        (b"\r\n<".to_vec(), false),
        (b"MZ".to_vec(), false),
    ] {
        let wanted = if is_pdf { Ok(PDF) } else { Err(FileFlaw::UnknownType) };
        assert_eq!(check(&[&before[..], &pdf("")].concat()), wanted, "{before:?}");
    }
    let acting = [b"\xef\xbb\xbf\r\n".to_vec(), pdf("/JavaScript")].concat();
    assert_eq!(check(&acting), Err(FileFlaw::Active));
    assert_eq!(check(b"\r\n%PDF-1.4"), Err(FileFlaw::NotWhole));
    assert_eq!(check(b"\r\n\x89PNG\r\n\x1a\n"), Err(FileFlaw::UnknownType));
}

#[test]
fn five_bytes_are_no_file() {
    for stub in [
        &b"%PDF-"[..],
        b"%PDF-1.4",
        b"%PDF-1.4\n%%EO",
        b"%PDF-x.4\n%%EOF",
        b"%PDF-14\n%%EOF",
        b"%PDF-3.0\n%%EOF",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0rest",
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\nrest",
    ] {
        assert_eq!(check(stub), Err(FileFlaw::NotWhole), "{stub:?}");
    }
}

#[test]
fn bytes_may_follow_a_pdf_and_a_jpeg_and_nothing_follows_a_png() {
    for (mut file, good) in [(pdf(""), true), (jpeg(9, 9), true), (png(9, 9), false)] {
        file.extend(b"\r\n\0more");
        assert_eq!(check(&file).is_ok(), good);
    }
}

#[test]
fn an_image_with_too_many_pixels_is_refused_by_its_header() {
    for (width, height, flaw) in [
        (100_000, 100_000, Some(FileFlaw::TooManyPixels)),
        (MAX_SIDE, 6_000, None),
        (MAX_SIDE, 6_001, Some(FileFlaw::TooManyPixels)),
        (MAX_SIDE + 1, 1, Some(FileFlaw::TooManyPixels)),
        (1, MAX_SIDE + 1, Some(FileFlaw::TooManyPixels)),
        (u32::MAX, u32::MAX, Some(FileFlaw::TooManyPixels)),
        (14_031, 8_500, None),
        (1, 1, None),
        (0, 1, Some(FileFlaw::NotWhole)),
        (1, 0, Some(FileFlaw::NotWhole)),
    ] {
        assert_eq!(check(&png(width, height)).err(), flaw, "{width} x {height}");
        if let (Ok(width), Ok(height)) = (width.try_into(), height.try_into()) {
            assert_eq!(check(&jpeg(width, height)).err(), flaw, "{width} x {height}");
        }
    }
    // A second frame or header does not hide a large image behind a small one.
    let small = jpeg(9, 9);
    let frame = segment(0xc0, &[8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0]);
    let (head, tail) = small.split_at(small.len() - 3);
    assert_eq!(check(&[head, &frame, tail].concat()), Err(FileFlaw::TooManyPixels));
    let small = png(9, 9);
    let (head, tail) = small.split_at(small.len() - 12);
    let second = chunk(b"IHDR", &png(100_000, 100_000)[16..29]);
    assert_eq!(check(&[head, &second, tail].concat()), Err(FileFlaw::NotWhole));
}

#[test]
fn a_pdf_that_acts_is_refused_however_its_names_are_written() {
    for inside in [
        "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>",
        "/OpenAction<</S/JavaScript/JS 7 0 R>>",
        "/OpenAction << /S /J#61vaScript /J#53 (x) >>",
        "/OpenAction << /S /#4aava#53cript >>",
        "/OpenAction << /S /#4AavaScript >>",
        "/AA << /O << /S /Rendition /#4a#53 (x) >> >>",
        "/Names << /JavaScript 3 0 R >>",
        "/A << /S /Launch /F (cmd.exe) >>",
        "/A << /S /L#61unch /F (cmd.exe) >>",
        "/Names << /EmbeddedFiles 3 0 R >>",
        "/Type /EmbeddedFile",
        "/JavaScript",
        "\n>>\nendobj\n9 0 obj\n<</JS(x)>>",
    ] {
        assert_eq!(check(&pdf(inside)), Err(FileFlaw::Active), "{inside}");
    }
    for inside in [
        "/OpenAction [3 0 R /FitH null]",
        "/JavaScripts 1 /JSON 2 /Launcher 3 /LaunchX 4 /JSX 5",
        "/Title (JavaScript JS Launch)",
        "/A#2 /#4 /#zz /# ",
    ] {
        assert_eq!(check(&pdf(inside)), Ok(PDF), "{inside}");
    }
}

#[test]
fn a_script_in_front_of_behind_and_between_streams_is_seen() {
    for place in ["1 0 obj", "2 0 obj", "trailer", "%%EOF"] {
        let file = String::from_utf8(pdf("")).unwrap();
        let with = file.replace(place, &format!("<< /JS (x) >> {place}"));
        assert_eq!(check(with.as_bytes()), Err(FileFlaw::Active), "{place}");
    }
    // A long name is no chance, in a stream either.
    let file = String::from_utf8(pdf("")).unwrap().replace("/JS \u{2}", "/JavaScript ");
    assert_eq!(check(file.as_bytes()), Err(FileFlaw::Active));
}

#[test]
fn a_large_file_is_checked_in_one_pass() {
    for piece in ["/", "/J#", "stream ", "endstream ", "/EmbeddedFil", "%%EO"] {
        let file = [
            b"%PDF-1.4\n",
            piece.repeat(4_000_000 / piece.len()).as_bytes(),
            b"\n%%EOF",
        ]
        .concat();
        assert_eq!(check(&file), Ok(PDF), "{piece}");
    }
    let chunks = chunk(b"tEXt", b"").repeat(300_000);
    let small = png(9, 9);
    assert_eq!(check(&[&small[..33], &chunks, &small[33..]].concat()), Ok(PNG));
    let small = jpeg(9, 9);
    let segments = segment(0xfe, b"").repeat(1_000_000);
    assert_eq!(check(&[&small[..2], &segments, &small[2..]].concat()), Ok(JPEG));
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(pdf("")), Just(png(640, 480)), Just(jpeg(640, 480))]
}

proptest! {
    #[test]
    fn a_file_that_is_cut_is_not_whole(file in file(), at in any::<prop::sample::Index>()) {
        // The line break behind a PDF's end may be missing.
        let whole = file.len() - usize::from(file.ends_with(b"\n"));
        let cut = check(&file[..at.index(whole)]);
        prop_assert!(matches!(cut, Err(FileFlaw::NotWhole | FileFlaw::UnknownType)), "{cut:?}");
    }

    #[test]
    fn flipped_bits_and_any_bytes_are_accepted_or_refused(
        mut file in file(), flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..20),
        cut in any::<prop::sample::Index>(), more in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        for (at, bit) in flips {
            let at = at.index(file.len());
            file[at] ^= 1 << bit;
        }
        let _ = check(&file);
        file.truncate(cut.index(file.len()));
        file.extend(&more);
        let _ = check(&file);
        for start in [&b"%PDF-1.4"[..], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"] {
            let _ = check(&[start, &more].concat());
        }
    }
}
