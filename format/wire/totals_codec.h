// Totals as varints: the same in EVENTS, INDEX and FOOTER. Private to format/.
#pragma once

#include <cstdint>
#include <vector>

#include <flatbuffers/flatbuffers.h>

#include "format/model/trace_info.h"

namespace rfan::format {

namespace wire {
struct Totals;
}

// Pairs of kind and count, ascending, for those that occur.
std::vector<std::uint8_t> encode_kinds(const TraceTotals& totals);
// False for a kind that is none, or out of order, and for counts that do not add up to `totals.events`.
bool decode_kinds(const flatbuffers::Vector<std::uint8_t>* bytes_untrusted, TraceTotals& totals);

flatbuffers::Offset<wire::Totals> put_totals(flatbuffers::FlatBufferBuilder& builder,
                                             const TraceTotals& totals);
// False when they contradict each other.
bool get_totals(const wire::Totals* table_untrusted, TraceTotals& totals);

// What is true of all totals, of a block or of a file.
bool consistent(const TraceTotals& totals);

}  // namespace rfan::format
