/* One line of text that is edited: what it holds, where the caret is, what keys do. No drawing, no clipboard. */
#ifndef SIDECHAIN_UI_TEXT_FIELD_HPP
#define SIDECHAIN_UI_TEXT_FIELD_HPP

#include <cstddef>
#include <string>

namespace ui {

class TextField {
public:
    static constexpr size_t kMostCharacters = 120;

    enum class Move { kLeft, kRight, kStart, kEnd };

    const std::string &text() const { return text_; }
    std::string selected() const { return text_.substr(low(), high() - low()); }
    size_t caret() const { return caret_; } /* in bytes, between characters */
    size_t low() const { return caret_ < anchor_ ? caret_ : anchor_; }
    size_t high() const { return caret_ < anchor_ ? anchor_ : caret_; }

    bool focused = false;

    void set(const std::string &text);
    void clear() { set(""); }

    /* Put UTF-8 in the place of what is selected. Control characters and what is not UTF-8 are left out, a line break
       becomes a space, and so much is taken as fits. */
    void insert(const char *text, size_t bytes);
    void move(Move where, bool keep_selection);
    void place(size_t byte, bool keep_selection); /* the caret, at or before this byte */
    void select_all();
    void erase(bool before); /* what is selected, else the character before or behind the caret */

private:
    size_t before(size_t at) const;
    size_t behind(size_t at) const;

    std::string text_;
    size_t caret_ = 0, anchor_ = 0;
};

} // namespace ui
#endif
