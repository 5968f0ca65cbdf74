# SPDX-License-Identifier: BSD-2-Clause
"""
What the e1000 laboratory tries (boot/lab_e1000.c, lab_e1000_wire.c), what a QEMU with the fixes
does with it, measured on 7.2.22, and why: two sentences for each defect and for each shape.
"""

# A version that has the fix of each for certain: the next one after it.
SINCE = {"2012-0029": (1, 1), "2012-6075": (1, 4), "2015-6815": (2, 5), "2016-1981": (2, 6),
         "2020-28916": (6, 0), "2021-20257": (6, 0), "2021-3416": (7, 0), "control": (0, 0)}

# Sent by the guest: frames, their bytes without CRCs, TDH at the end.
SENT = {
    ("control", "frame"): (1, 60, 1),
    ("control", "segments"): (3, 154 + 154 + 104, 2),
    ("2012-0029", "0xffff"): (1, 65535, 1),
    ("2012-0029", "0x8000+0x7fff"): (1, 65535, 2),
    ("2012-0029", "0x8000+0x8000"): (1, 0, 2),
    ("2012-0029", "0xffff+0x100"): (1, 0, 2),
    ("2012-0029", "3x0xffff"): (1, 65535, 3),
    ("2012-0029", "3x0x8000"): (1, 32768, 3),
    ("2012-0029", "7x0xffff"): (1, 65535, 7),
    ("2012-0029", "segment-0x100fe"): (1, 65535, 2),
    ("2015-6815", "segment-0"): (1, 0, 2),
    ("2015-6815", "segment-0-twice"): (1, 0, 3),
    ("2016-1981", "TDH=9"): (0, 0, 0),
    ("2016-1981", "TDT=0x100"): (0, 0, 0),
    ("2016-1981", "TDH=9,TDT=0x100"): (0, 0, 0),
    ("2021-20257", "segment-after-frame"): (1, 2000, 3),
    ("2021-20257", "segment-0-after-frame"): (1, 1, 3),
    ("2021-3416", "receive-into-TDT"): (1, 60, 1),
}

# Received: frames, how many were refused as oversize, RDH at the end.  The last frame is good.
RECEIVED = {
    ("control", "receive-1514"): (2, 0, 2),
    ("2012-6075", "receive-1523"): (1, 1, 1),
    ("2012-6075", "receive-9000"): (1, 1, 1),
    ("2012-6075", "receive-17000-long"): (1, 1, 1),
    ("2020-28916", "receive-no-buffer"): (1, 0, 2),
    ("2020-28916", "receive-4-no-buffer"): (2, 0, 6),
}

DEFECTS = {
    "control": "Frames that any driver sends and receives. They show that the counters count, so "
               "that the rows below mean something.",
    "2012-0029": "Descriptors without EOP make one frame out of many pieces, and before the fix "
                 "each was appended to a buffer of 64 KiB wherever the last had ended, over "
                 "whatever came behind it in the process. Since \"e1000: bounds packet size "
                 "against buffer size\" a piece is cut to what is left, so no frame is longer than "
                 "65535 bytes, although a size of exactly 64 KiB still wraps to 0.",
    "2012-6075": "A frame longer than the guest had agreed to was passed on all the same, and a "
                 "guest whose buffers were made for the agreed length was written over by whoever "
                 "sits on its wire. Now it is dropped and counted in ROC.",
    "2015-6815": "A header and segments of no bytes leave nothing to copy, and before the fix the "
                 "loop that cuts a frame into segments took 0 bytes at a time for ever. Now it "
                 "ends when it makes no progress, so TDH arrives at TDT.",
    "2016-1981": "The device walked from TDH until it met TDT or the place where it began, and "
                 "with both outside of the ring it met neither and went round for ever. Now the "
                 "walk also ends when it begins outside, sends nothing, and TDH is 0.",
    "2020-28916": "A receive descriptor without a buffer takes no bytes of a frame, and before the "
                  "fix (of CVE-2020-25707 too) the e1000e tried again with what was left, which "
                  "never became less. Now the device goes past such descriptors and comes back, "
                  "and the frames behind are received.",
    "2021-20257": "Pieces sent before a segmented one can already be longer than its header and "
                  "segment, and what was left to fill became a number below 0, so that the loop "
                  "never ended. Now the device gives up at once and passes on what it had.",
    "2021-3416": "What a device sends to itself it receives within its own sending, and when it "
                 "receives into the register that sends, it begins once more inside of that, "
                 "until its stack is full. Now a device that is busy sending does not begin "
                 "again, and later QEMUs keep a device from writing to itself at all.",
}

SHAPES = {
    "frame": "One descriptor with EOP, 60 bytes. One frame of that length must leave.",
    "segments": "A header of 54 bytes and 250 of data in segments of 100. Three frames leave, each "
                "with its header, of 154, 154 and 104 bytes.",
    "0xffff": "The longest piece that a legacy descriptor can tell. It fits into the buffer and "
              "leaves whole.",
    "0x8000+0x7fff": "Two pieces that together are one byte short of 64 KiB. They fit exactly and "
                     "leave as one frame.",
    "0x8000+0x8000": "Two pieces that together are 64 KiB. They still fit, but the size is a "
                     "number of 16 bits and wraps to 0.",
    "0xffff+0x100": "One byte is left when the second piece of 256 comes. It is cut to that byte, "
                    "and the size wraps to 0.",
    "3x0xffff": "The second piece is cut to one byte, the size wraps, and the third begins anew. "
                "Before the fix 128 KiB were written behind the buffer.",
    "3x0x8000": "After two pieces the buffer is full and the size has wrapped to 0. The third is a "
                "frame of its own.",
    "7x0xffff": "Cut, wrapped and filled again, three times over. Of 458745 bytes one frame of "
                "65535 remains.",
    "segment-0x100fe": "A header of 255 bytes and a segment of 65535 would be longer than the "
                       "buffer together. The segment is cut like a piece.",
    "segment-0": "Neither header nor segment have any bytes. The device takes none and ends.",
    "segment-0-twice": "The same with data in two descriptors. Neither may hold the device.",
    "TDH=9": "The walk begins outside of a ring of 8 and is to end inside. It ends where it "
             "begins.",
    "TDT=0x100": "The walk begins inside and is to end where no index is. It ends when it has "
                 "been everywhere.",
    "TDH=9,TDT=0x100": "Neither end of the walk is in the ring, so nothing stops it but the fix. "
                       "Nothing is sent and TDH is 0.",
    "segment-after-frame": "2000 bytes wait when a header of 14 and a segment of 100 are told. "
                           "What waits is passed on, and the rest given up.",
    "segment-0-after-frame": "A single byte waits, and header and segment have none. That byte is "
                             "what leaves.",
    "receive-into-TDT": "Two frames lie in the ring, the guest sends one, and it is received over "
                        "TDT, where it says two. Either both are sent (QEMU 7.0) or the write is "
                        "blocked and one is, but TDH arrives at TDT.",
    "receive-1514": "The longest frame without a tag, and one of 60 bytes. Both are received.",
    "receive-1523": "One byte more than the longest tagged frame (five, since QEMU 8.1). It is "
                    "dropped, and the good frame behind it takes the first descriptor.",
    "receive-9000": "A jumbo frame, for a guest that has not asked for such. It would fill five "
                    "buffers and is dropped.",
    "receive-17000-long": "Long frames are allowed (RCTL.LPE), but this is longer than a chip "
                          "can take. It is dropped just the same.",
    "receive-no-buffer": "The first descriptor has no buffer. It is passed by, with DD and a "
                         "length of 0, and the frame is in the second.",
    "receive-4-no-buffer": "Four descriptors without a buffer, and a frame of 1514 bytes. It is in "
                           "the fifth, and the good one in the sixth.",
}
