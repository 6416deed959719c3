# DPF has no designation but bypass; LV2 hosts find this port by it, and need not show it.
/lv2:symbol "freewheel"/a\        lv2:designation lv2:freeWheeling ;\n        lv2:portProperty <http://lv2plug.in/ns/ext/port-props#notOnGUI> ;
