"""Who can see and enter the rooms of ours, held against who should; and how that is mended when somebody asks."""
