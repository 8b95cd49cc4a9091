using Microsoft.Playwright;

namespace TrainingCluster.Coordinator.Tests.Web;

/// <summary>The system's Chromium, without a window. Tests that need it are skipped where there is none.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string? s_program = new[]
    {
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    }.FirstOrDefault(File.Exists);

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (s_program is null)
        {
            return;
        }
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = s_program, Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] }
        );
    }

    /// <summary>A new window.</summary>
    public async Task<IPage> OpenAsync(int width = 1280, bool dark = false, string? token = null)
    {
        Assert.SkipUnless(_browser is not null, "Chromium is not installed.");
        var context = await _browser.NewContextAsync(
            new()
            {
                ViewportSize = new() { Width = width, Height = 900 },
                ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
                AcceptDownloads = true,
                HttpCredentials = token is null ? null : new() { Username = "me", Password = token },
            }
        );
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(60_000);
        return page;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_browser?.DisposeAsync() ?? default);
        _playwright?.Dispose();
    }
}
