/* Nothing can be dragged out of the window on Windows yet: that is OLE's DoDragDrop. The window says so, and offers the path. */
#include "drag_source.hpp"

std::unique_ptr<ui::DragSource> ui::DragSource::begin(uintptr_t, uint32_t)
{
    return nullptr;
}
