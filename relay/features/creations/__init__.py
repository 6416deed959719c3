"""What people made: kinds, versions, assets; publishing one, reading one."""
