namespace SessionLifetime.Http.Endpoints;

/// <summary>What the middleware reads of the marks of an endpoint, in one search.</summary>
internal interface IRequestMark;
