// Encodes and decodes totals as varints. EVENTS, INDEX and FOOTER share this code. Private to format/.
#pragma once

#include <cstdint>
#include <vector>

#include <flatbuffers/flatbuffers.h>

#include "format/model/trace_info.h"

namespace rfan::format {

namespace wire {
struct Totals;
}

// Returns pairs of kind and count, ascending by kind, for the kinds that occur.
std::vector<std::uint8_t> encode_kinds(const TraceTotals& totals);
// Returns false if a kind does not exist or is out of order, or if the counts do not add up to
// `totals.events`.
bool decode_kinds(const flatbuffers::Vector<std::uint8_t>* bytes_untrusted, TraceTotals& totals);

flatbuffers::Offset<wire::Totals> put_totals(flatbuffers::FlatBufferBuilder& builder,
                                             const TraceTotals& totals);
// Returns false if the totals contradict each other.
bool get_totals(const wire::Totals* table_untrusted, TraceTotals& totals);

// Checks what must be true of all totals, of a block or of a file.
bool consistent(const TraceTotals& totals);

}  // namespace rfan::format
