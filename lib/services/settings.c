#include "services/settings.h"

#include "base/banned.h"

static int read_one(enum settings_concern concern, struct arena *arena, struct settings *settings,
                    struct error *err)
{
    switch (concern) {
    case SETTINGS_AWS:
        return aws_settings_read(&settings->aws, err);
    case SETTINGS_POSTGRES:
        return postgres_settings_read(&settings->postgres, err);
    case SETTINGS_TABLES:
        return table_settings_read(arena, &settings->tables, err);
    case SETTINGS_FOLDERS:
        return folder_settings_read(&settings->folders, err);
    case SETTINGS_RETRY:
        return retry_settings_read(&settings->retry, err);
    case SETTINGS_NOTIFICATION:
        return notification_settings_read(&settings->notification, err);
    case SETTINGS_REDSHIFT:
        return redshift_settings_read(&settings->redshift, err);
    case SETTINGS_LOAD:
        return load_settings_read(&settings->load, err);
    case SETTINGS_SEARCH:
        return search_settings_read(&settings->search, err);
    }
    return 0;
}

int settings_read(unsigned concerns, struct arena *arena, struct settings *settings,
                  struct error *err)
{
    *settings = (struct settings){0};
    for (unsigned concern = 1; concern != 0 && concern <= concerns; concern <<= 1) {
        if ((concerns & concern) != 0 && read_one(concern, arena, settings, err) != 0) {
            return -1;
        }
    }
    return 0;
}
