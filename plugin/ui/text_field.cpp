#include "text_field.hpp"

namespace ui {

namespace {

bool is_tail(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

size_t characters(const std::string &text)
{
    size_t count = 0;
    for (char byte : text) count += !is_tail(byte);
    return count;
}

/* Bytes of the well-formed character that begins here (RFC 3629); 0 when there is none. */
size_t character_bytes(const unsigned char *at, size_t left)
{
    const unsigned char first = at[0];
    const size_t bytes = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3
                         : first >= 0xF0 && first < 0xF5                  ? 4
                                                                          : 0;
    if (bytes == 0 || bytes > left) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    if ((first == 0xE0 && at[1] < 0xA0) || (first == 0xED && at[1] > 0x9F)) return 0;
    if ((first == 0xF0 && at[1] < 0x90) || (first == 0xF4 && at[1] > 0x8F)) return 0;
    return bytes;
}

} // namespace

void TextField::set(const std::string &text)
{
    text_.clear();
    caret_ = anchor_ = 0;
    insert(text.data(), text.size());
}

void TextField::insert(const char *text, size_t bytes)
{
    if (low() != high()) erase(true);
    size_t room = kMostCharacters - characters(text_);
    std::string taken;
    for (size_t i = 0; i < bytes && room > 0;) {
        const size_t count = character_bytes(reinterpret_cast<const unsigned char *>(text) + i, bytes - i);
        const auto first = static_cast<unsigned char>(text[i]);
        const bool c1 = count == 2 && first == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (count > 1 ? !c1 : count == 1 && first >= 0x20 && first != 0x7F) {
            taken.append(text + i, count);
            room--;
        } else if (first == '\n' || first == '\t') {
            taken += ' ';
            room--;
        }
        i += count ? count : 1;
    }
    text_.insert(caret_, taken);
    caret_ = anchor_ = caret_ + taken.size();
}

size_t TextField::before(size_t at) const
{
    while (at > 0 && is_tail(text_[--at])) {}
    return at;
}

size_t TextField::behind(size_t at) const
{
    if (at < text_.size()) at++;
    while (at < text_.size() && is_tail(text_[at])) at++;
    return at;
}

void TextField::move(Move where, bool keep_selection)
{
    const bool leaves = !keep_selection && low() != high(); /* an arrow first goes to the selection's edge */
    switch (where) {
    case Move::kLeft: caret_ = leaves ? low() : before(caret_); break;
    case Move::kRight: caret_ = leaves ? high() : behind(caret_); break;
    case Move::kStart: caret_ = 0; break;
    case Move::kEnd: caret_ = text_.size(); break;
    }
    if (!keep_selection) anchor_ = caret_;
}

void TextField::place(size_t byte, bool keep_selection)
{
    caret_ = byte < text_.size() ? byte : text_.size();
    while (caret_ > 0 && caret_ < text_.size() && is_tail(text_[caret_])) caret_--;
    if (!keep_selection) anchor_ = caret_;
}

void TextField::select_all()
{
    anchor_ = 0;
    caret_ = text_.size();
}

void TextField::erase(bool backwards)
{
    if (low() == high()) anchor_ = backwards ? before(caret_) : behind(caret_);
    const size_t from = low();
    text_.erase(from, high() - from);
    caret_ = anchor_ = from;
}

} // namespace ui
